"""Stripe: what its cases do not tell: attempts, thin events, keys, replies."""

import json
from typing import Any

import pytest
from stripe import SignatureVerificationError, WebhookSignature

from processors.keys import KeyProblem
from processors.providers.stripe import EVENTS, EVENTS_BY_STATE, PROVIDER
from processors.verdict import Judgement, judge
from schemas.fact import Fact
from tests.support.cases import POSITION, cases_of, trial
from tests.support.replies import reply_to
from tests.support.signers import resigned


def judged(word: str, resource: dict[str, Any], **members: Any) -> Judgement:
    case = next(c for c in cases_of("stripe") if c["name"] == "sdk-payment")
    event = {
        "id": "evt_1", "object": "event", "type": word, "created": 1_750_000_000,
        "livemode": True, "data": {"object": resource},
    } | members  # fmt: skip
    whole = trial("stripe", resigned("stripe", case, event))
    return judge(whole.callback, POSITION, whole.provider, whole.account)


def stated(word: str, resource: dict[str, Any]) -> Fact:
    ((record, _),) = judged(word, resource).facts
    return record.fact


INTENT = {"id": "pi_1", "amount": 100, "currency": "eur", "status": "requires_payment_method"}


def test_failed_charge_and_its_intent_name_one_attempt() -> None:
    charge = {"id": "ch_1", "payment_intent": "pi_1", "amount": 100, "currency": "eur"}
    told_by_charge = stated("charge.failed", charge)
    told_by_intent = stated(
        "payment_intent.payment_failed", INTENT | {"last_payment_error": {"charge": "ch_1"}}
    )
    assert told_by_charge.payment_id == told_by_intent.payment_id == "pi_1"
    assert told_by_charge.part_id == told_by_intent.part_id == "ch_1"


def test_two_failed_attempts_are_two_facts() -> None:
    first = stated("payment_intent.payment_failed", INTENT | {"latest_charge": "ch_1"})
    second = stated("payment_intent.payment_failed", INTENT | {"latest_charge": {"id": "ch_2"}})
    assert (first.part_id, second.part_id) == ("ch_1", "ch_2")


def test_thin_event_waits_for_confirmation() -> None:
    related = {"id": "pi_1", "type": "payment_intent", "url": "/v1/payment_intents/pi_1"}
    judgement = judged(
        "v1.payment_intent.succeeded", {}, object="v2.core.event", related_object=related
    )
    (outcome,) = judgement.outcomes
    assert (outcome.outcome, outcome.code) == ("parked", "confirmation_needed")


def test_thin_event_of_the_other_mode_asks_nothing() -> None:
    judgement = judged(
        "v1.payment_intent.succeeded", {}, object="v2.core.event", livemode=False,
        related_object={"id": "pi_1", "type": "payment_intent"},
    )  # fmt: skip
    assert judgement.outcomes[0].code == "wrong_account"


def test_state_of_the_other_mode_is_refused_before_it_is_read() -> None:
    judgement = judged("payment_intent.succeeded", {"id": 1}, livemode=False)
    assert judgement.outcomes[0].code == "wrong_account"


@pytest.mark.parametrize("word", [*EVENTS, *EVENTS_BY_STATE])
def test_every_word_of_the_tables_has_a_case(word: str) -> None:
    def spoken(case: dict[str, Any]) -> object:
        whole = trial("stripe", case)
        try:
            return json.loads(whole.callback.body).get("type")
        except ValueError:
            return None

    assert any(spoken(case) == word for case in cases_of("stripe"))


@pytest.mark.parametrize(
    "text", ["", " whsec_x", "whsec_x\n", '"whsec_x"', "sk_live_x", "rk_test_x"]
)
def test_secret_that_no_console_shows_does_not_load(text: str) -> None:
    with pytest.raises(KeyProblem) as problem:
        PROVIDER.keys[0].decode(text)
    assert "whsec_x" not in str(problem.value)


@pytest.mark.parametrize(("status", "answered"), [(200, 200), (401, 401), (503, 503)])
def test_reply_is_the_status_alone(status: int, answered: int) -> None:
    reply = reply_to("stripe", status)
    assert (reply.status, reply.body) == (answered, b"")


def agrees_with_library(case: dict[str, Any]) -> bool | None:
    """Return whether the official library takes the signature; None where it cannot be asked."""
    whole = trial("stripe", case)
    headers = [value for name, value in whole.callback.headers if name == "Stripe-Signature"]
    try:
        body = whole.callback.body.decode()
    except UnicodeDecodeError:
        return None
    in_force = whole.account.as_of(whole.callback.received_at_ms)
    for key in in_force.all_keys("verify", "secret"):
        try:
            # Without a tolerance: the library knows no receive time.
            WebhookSignature.verify_header(body, headers[0], key.secret.reveal().decode())
        except (SignatureVerificationError, IndexError):
            continue
        return True
    return False


def test_official_library_takes_the_same_signatures() -> None:
    compared = 0
    for case in cases_of("stripe"):
        whole = trial("stripe", case)
        codes = {
            o.code for o in judge(whole.callback, POSITION, whole.provider, whole.account).outcomes
        }
        taken = None if "malformed" in codes else agrees_with_library(case)
        if taken is not None:
            compared += 1
            assert taken == ("bad_signature" not in codes), case["name"]
    assert compared > 50
