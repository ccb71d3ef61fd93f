"""The bytes of every record version, and every recipe of identity: never edited, only added."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import InvalidRecord
from schemas.event import EVENT_TYPES
from schemas.identity import (
    digest_id,
    dispute_key,
    event_id,
    order_key,
    payment_key,
    refund_key,
)
from schemas.topics import partition_for_callback, partition_for_key
from tests.golden.add import as_golden, from_golden
from tests.golden.samples import REVISION, decode, drafts, meanings

HERE = Path(__file__).parent
FILES = sorted((HERE / "records").glob("*.json"))
DRAFTS = drafts()
MEANINGS = meanings()
KEYS = {
    "payment": payment_key,
    "order": order_key,
    "refund": refund_key,
    "dispute": dispute_key,
}


def load(name):
    return json.loads((HERE / name).read_text("utf-8"))


def test_every_record_has_its_golden():
    assert {file.stem for file in FILES} == set(DRAFTS) == set(MEANINGS)
    assert {f"event-{kind}.v1" for kind in EVENT_TYPES} <= set(DRAFTS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_record_is_written_byte_for_byte(file):
    golden = json.loads(file.read_text("utf-8"))
    record, draft = from_golden(golden), DRAFTS[file.stem]
    assert (record.key, record.value, record.headers) == (draft.key, draft.value, draft.headers)
    assert (record.topic, record.partition) == (draft.topic, draft.partition)
    assert as_golden(draft) == golden


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_record_decodes_to_what_it_meant(file):
    record = from_golden(json.loads(file.read_text("utf-8")))
    assert decode(file.stem, record) == MEANINGS[file.stem]


@pytest.mark.parametrize(
    "file", [file for file in FILES if not file.stem.startswith(("call", "ans"))], ids=str
)
@pytest.mark.parametrize("damage", [b"", b"null", b"[]", b"{}", b'{"v":99}', b"\xff"])
def test_damaged_value_is_no_record(file, damage):
    golden = json.loads(file.read_text("utf-8"))
    record = from_golden(golden | {"value": ""})
    broken = type(record)(
        record.topic, 0, 0, 0, record.key, damage, record.headers
    )  # fmt: skip
    with pytest.raises(InvalidRecord):
        decode(file.stem, broken)


@pytest.mark.parametrize("golden", load("identities.json"), ids=lambda golden: golden["id"])
def test_event_identity(golden):
    assert event_id(*golden["parts"]) == golden["id"]


def test_identities_differ_wherever_their_parts_do():
    ids = [golden["id"] for golden in load("identities.json")]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("golden", load("keys.json"), ids=lambda golden: golden["key"][:40])
def test_key_and_its_partition(golden):
    key = KEYS[golden["kind"]](*golden["parts"])
    assert key == golden["key"].encode()
    assert partition_for_key(key, 12) == golden["partition_of_12"]
    assert partition_for_key(key, 7) == golden["partition_of_7"]


def test_refund_ids_of_signed_fields():
    for golden in load("digests.json")["refund_ids"]:
        assert digest_id(golden["fields"]) == golden["id"]


def test_partitions_of_an_accounts_callbacks():
    for golden in load("digests.json")["callback_partitions"]:
        found = partition_for_callback(
            golden["provider"], golden["account"], golden["turn"], golden["count"]
        )
        assert found == golden["partition"]


def test_revision_is_named_by_its_content():
    assert REVISION.name == "530bdce2425f6fac"


def test_adding_goldens_touches_none_that_is_there():
    before = {file: file.read_bytes() for file in FILES}
    added = subprocess.run(
        [sys.executable, "-m", "tests.golden.add"],
        cwd=HERE.parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert added.stdout == ""
    assert {file: file.read_bytes() for file in FILES} == before
