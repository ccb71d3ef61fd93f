"""Adyen: what its cases do not tell: settings that need each other, colons, outcomes, replies."""

import pytest

from processors.account_form import Digest, RawKey, build_account
from processors.providers.adyen import BY_CAPTURE, EITHER_WAY, PROVIDER, SIGNED
from processors.verdict import judge
from tests.support.cases import POSITION, cases_of, trial
from tests.support.replies import reply_to
from tests.support.signers import adyen_mac, json_tree, resigned, secret

KEY = RawKey("1", "verify", "secret", "AB" * 32)


def problems(settings: dict[str, str], key: RawKey = KEY) -> list[str]:
    account, found = build_account(
        PROVIDER, name="shop", mode="live", ledger=None, settings=settings, keys=[key],
        digest=Digest(b"x"),
    )  # fmt: skip
    assert (account is None) == bool(found)
    return [f"{problem.field}: {problem.sentence}" for problem in found]


def test_standard_webhook_says_everything_it_lacks_at_once() -> None:
    found = problems({"webhook_type": "standard"})
    assert len(found) == 2
    assert any("merchant_account_code" in each for each in found)
    assert any("capture_delay" in each for each in found)


def test_platform_webhook_needs_no_merchant_account() -> None:
    assert problems({"webhook_type": "platform"}) == []


@pytest.mark.parametrize("text", ["", "AB" * 31 + "A", "AB" * 31, "AG" * 32, " " + "AB" * 32])
def test_key_that_is_not_64_hex_digits_is_named_and_not_shown(text: str) -> None:
    key = RawKey("1", "verify", "secret", text)
    (found,) = problems({"webhook_type": "platform"}, key)
    assert "ABAB" not in found


def test_seven_of_the_eight_signed_fields_hold_no_colon() -> None:
    case = next(c for c in cases_of("adyen") if c["name"] == "order-number-with-a-colon")
    hmac_key = bytes.fromhex(secret(case))
    for name in SIGNED:
        tree = json_tree(case)
        item = tree["notificationItems"][0]["NotificationRequestItem"]
        place = item["amount"] if name in ("value", "currency") else item
        place[name] = f"{place.get(name, '')}:1"
        item["additionalData"] = {"hmacSignature": adyen_mac(item, hmac_key)}
        said = trial("adyen", resigned("adyen", case, tree)).said()
        assert bool(said.facts) == (name == "merchantReference")


def test_cancel_or_refund_waits_for_confirmation() -> None:
    case = next(c for c in cases_of("adyen") if c["name"] == "cancel-or-refund-true-manual")
    whole = trial("adyen", case)
    (outcome,) = judge(whole.callback, POSITION, whole.provider, whole.account).outcomes
    assert (outcome.outcome, outcome.code) == ("parked", "confirmation_needed")


def test_items_keep_their_numbers_in_a_batch() -> None:
    case = next(c for c in cases_of("adyen") if c["name"] == "batch-forged-item-first")
    whole = trial("adyen", case)
    judgement = judge(whole.callback, POSITION, whole.provider, whole.account)
    assert [(o.item, o.items, o.code) for o in judgement.outcomes] == [(0, 2, "bad_signature")]
    assert [(record.item, record.items) for record, _ in judgement.facts] == [(1, 2)]


@pytest.mark.parametrize("capture", ["immediate", "manual"])
def test_no_code_stands_in_two_tables(capture: str) -> None:
    codes = {word.partition(" ")[0] for word in BY_CAPTURE[capture]}
    assert not codes & set(EITHER_WAY)


def test_success_is_what_old_and_new_contracts_expect() -> None:
    reply = reply_to("adyen", 200)
    assert (reply.status, reply.body) == (200, b"[accepted]")
    assert reply.content_type.startswith("text/plain")


@pytest.mark.parametrize("status", [401, 413, 429, 503])
def test_failure_never_reads_as_accepted(status: int) -> None:
    reply = reply_to("adyen", status)
    assert reply.status == status
    assert b"accepted" not in reply.body
