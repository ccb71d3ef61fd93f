"""Our own codec against the CloudEvents SDK: callbacks and events parse, and mean the same.

The SDK takes headers as a mapping, fills a missing time with its own clock and takes
`partitionkey` from the record's key: what it invents is left out of the comparison.
"""

import json
from pathlib import Path

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from schemas.times import rfc3339
from tests.golden.add import from_golden
from tests.golden.samples import ANSWER, CALLBACK, EVENTS

RECORDS = Path(__file__).parents[1] / "golden/records"


def parsed(name):
    record = from_golden(json.loads((RECORDS / f"{name}.json").read_text("utf-8")))
    names = [header for header, _ in record.headers]
    assert len(set(names)) == len(names), "a header that stands twice is lost in a mapping"
    message = KafkaMessage(dict(record.headers), record.key, record.value)
    return record, from_binary_event(message)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_event_record_is_a_cloud_event(name):
    event = EVENTS[name]
    record, theirs = parsed(f"event-{name}.v1")
    assert theirs.get_specversion() == "1.0"
    assert theirs.get_id() == event.id
    assert theirs.get_type() == f"io.tillstream.{event.type}.v1"
    assert theirs.get_source() == f"urn:tillstream:local:{event.provider}:{event.account}"
    assert theirs.get_subject() == event.subject
    assert theirs.get_datacontenttype() == "application/json"
    assert theirs.get_dataschema().endswith(f"/{event.type}.v1.json")
    if event.occurred_at_ms is not None:
        moment = theirs.get_time()
        assert rfc3339(round(moment.timestamp() * 1000)) == rfc3339(event.occurred_at_ms)
    extensions = {
        "causationid": event.causation_id,
        "sequence": str(event.sequence),
        "recordedtime": rfc3339(event.recorded_at_ms),
        "mode": event.mode,
        "partid": event.part_id,
        "reverses": event.reverses,
        "outoforder": "1" if event.out_of_order else None,
        "derived": "1" if event.derived else None,
        "unlinked": "1" if event.unlinked else None,
    }
    for extension, value in extensions.items():
        assert theirs.get_extension(extension) == value
    assert dict(record.headers)["ce_partitionkey"] == record.key
    assert theirs.get_data() == json.loads(record.value)


@pytest.mark.parametrize(("name", "callback"), [("callback", CALLBACK), ("answer", ANSWER)])
def test_callback_record_is_a_cloud_event_with_the_exact_body(name, callback):
    _, theirs = parsed(f"{name}.v1")
    assert theirs.get_id() == callback.id
    assert theirs.get_type() == f"io.tillstream.{callback.kind}.v1"
    assert theirs.get_source() == "urn:tillstream:local:wechatpay-v3:shop"
    assert rfc3339(round(theirs.get_time().timestamp() * 1000)) == rfc3339(callback.received_at_ms)
    assert theirs.get_datacontenttype() == "application/octet-stream"
    assert theirs.get_extension("causationid") == callback.causation_id
    assert (theirs.get_data() or b"") == callback.body


@pytest.mark.parametrize("name", [file.stem for file in sorted(RECORDS.glob("*.json"))])
def test_no_record_of_ours_looks_structured(name):
    record = from_golden(json.loads((RECORDS / f"{name}.json").read_text("utf-8")))
    content_type = dict(record.headers).get("content-type", b"")
    assert not content_type.lower().startswith(b"application/cloudevents")


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_attribute_names_are_of_the_specification(name):
    record, _ = parsed(f"event-{name}.v1")
    attributes = [header[3:] for header, _ in record.headers if header.startswith("ce_")]
    assert all(each.isalnum() and each.islower() and len(each) <= 20 for each in attributes)
