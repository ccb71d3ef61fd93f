"""One object for each golden record, written out in full: what the bytes have to mean."""

from dataclasses import replace
from typing import Any, Final

from schemas.callback import Callback, decode_callback, encode_callback
from schemas.event import EVENT_TYPES, Event, event_draft, read_event
from schemas.fact import Fact, FactRecord, encode_fact, fact_draft, read_fact
from schemas.identity import event_id, order_part, payment_key, refund_key
from schemas.ledger import Announced, LedgerState, decode_ledger, encode_ledger
from schemas.money import Money
from schemas.outcome import Outcome, outcome_draft, read_outcome
from schemas.record import Draft, Position, Record
from schemas.revision import Revision, RevisionKey, read_revision, revision_draft

CALLBACK_ID: Final = "01931d2e-9c00-7abc-8def-0123456789ab"
AT_MS: Final = 1_795_000_000_123
POSITION: Final = Position("payments.callbacks.v1", 3, 41)
CNY: Final = Money(1280, "CNY", 2)
PROVIDER: Final = "wechatpay-v3"
LEDGER: Final = "shop-1"

CALLBACK: Final = Callback(
    id=CALLBACK_ID,
    provider=PROVIDER,
    account="shop",
    received_at_ms=AT_MS,
    method="POST",
    target="/v1/callbacks/wechatpay-v3/shop?a=%C3%A9&a=2",
    headers=(("Content-Type", "application/json"), ("X-Twice", "1"), ("x-twice", "\xe9")),
    body=b'{"amount":1280,"\xff\x00":"\xe4\xbd\xa0"}',
    peer="203.0.113.7",
    client="198.51.100.4",
)
ANSWER: Final = replace(
    CALLBACK,
    id="01931d2e-9c01-7abc-8def-0123456789ab",
    kind="AnswerReceived",
    causation_id=CALLBACK_ID,
    method="GET",
    body=b"",
)

FULL_FACT: Final = Fact(
    type="RefundCompleted",
    payment_id="4200001",
    merchant_order_id="订单-17",
    occurred_at_ms=AT_MS - 1,
    amount=CNY,
    capture_id="C1",
    authorization_id="A1",
    attempt_id="T1",
    refund_id="5030001",
    merchant_refund_id="R-9",
    dispute_id="D1",
    refunded_total=CNY,
    payer_amount=Money(1180, "CNY", 2),
    method="balance",
)
BARE_FACT: Final = Fact(
    type="PaymentFailed",
    payment_id=None,
    merchant_order_id="A-17",
    occurred_at_ms=None,
    reverses_success=True,
)


def fact_record(fact: Fact) -> FactRecord:
    return FactRecord(
        fact, PROVIDER, "shop", LEDGER, "live", "0123456789abcdef", "PUB_KEY_ID_1", "signed",
        CALLBACK_ID, 1, 2, AT_MS, POSITION,
    )  # fmt: skip


MEMBERS: Final[dict[str, dict[str, Any]]] = {
    "PaymentAuthorized": {"amount": CNY, "authorization_id": "4200001"},
    "PaymentSucceeded": {
        "amount": CNY, "payer_amount": Money(1180, "CNY", 2), "method": "balance",
        "capture_id": "C/1", "part_id": "C/1", "authorization_id": "A1",
    },
    "PaymentFailed": {"part_id": "attempt-2"},
    "PaymentClosed": {},
    "PaymentReversed": {"amount": CNY, "reverses": "5ee4a1b0-0000-5000-8000-000000000000"},
    "PaymentLinked": {},
    "RefundCompleted": {
        "amount": Money(280, "CNY", 2), "refunded_total": CNY, "refund_id": "5030001",
        "merchant_refund_id": "R-9", "part_id": "5030001", "derived": True, "out_of_order": True,
    },
    "RefundFailed": {
        "refund_id": "5030001", "part_id": "5030001", "refunded_total": Money(0, "CNY", 2),
        "reverses": "5ee4a1b0-0000-5000-8000-000000000000",
    },
    "DisputeOpened": {"dispute_id": "D-é", "part_id": "D-é", "amount": CNY},
    "DisputeWon": {"dispute_id": "D-1", "part_id": "D-1"},
    "DisputeLost": {"dispute_id": "D-1", "part_id": "D-1"},
}  # fmt: skip


def event_of(event_type: str, **changed: Any) -> Event:
    members: dict[str, Any] = {
        "key": payment_key(PROVIDER, LEDGER, "4200001"),
        "type": event_type,
        "mode": "live",
        "provider": PROVIDER,
        "account": LEDGER,
        "payment_id": "4200001",
        "merchant_order_id": "订单-17",
        "occurred_at_ms": AT_MS - 1,
        "sequence": 2,
        "causation_id": CALLBACK_ID,
        "causation_item": 0,
        "recorded_at_ms": AT_MS + 1,
    }
    members |= MEMBERS[event_type] | changed
    part_id, payment_id = members.get("part_id"), members["payment_id"]
    identity = event_id(PROVIDER, LEDGER, event_type, payment_id, part_id)
    return Event(id=identity, **members)


EVENTS: Final[dict[str, Event]] = {kind: event_of(kind) for kind in EVENT_TYPES} | {
    "PaymentClosed-of-an-order": event_of(
        "PaymentClosed",
        key=b"wechatpay-v3/shop-1/order:A-17",
        payment_id=None,
        merchant_order_id="A-17",
        occurred_at_ms=None,
        part_id=order_part("A-17", None),
    ),
    "RefundCompleted-unlinked": event_of(
        "RefundCompleted",
        key=refund_key(PROVIDER, LEDGER, "5030001"),
        payment_id=None,
        refunded_total=None,
        derived=False,
        out_of_order=False,
        unlinked=True,
        causation_item=499,
    ),
}
OUTCOMES: Final = {
    "announced": Outcome(
        CALLBACK_ID, 0, 2, "announced", None, EVENTS["PaymentSucceeded"].id, "0123456789abcdef",
        POSITION,
    ),
    "refused": Outcome(CALLBACK_ID, 1, 2, "refused", "bad_signature", None, None, POSITION),
}  # fmt: skip
LEDGERS: Final = {
    "empty": LedgerState(),
    "paid-and-refunded": LedgerState(
        2, 1280, None,
        (
            Announced(
                EVENTS["PaymentSucceeded"].id, "PaymentSucceeded", None, 1280, "CNY", None,
                "订单-17", AT_MS - 1, CALLBACK_ID, 0,
            ),
            Announced(
                EVENTS["RefundCompleted"].id, "RefundCompleted", "5030001", 1280, "CNY", 1280,
                None, None, CALLBACK_ID, 3,
            ),
        ),
        AT_MS,
    ),
}  # fmt: skip
REVISION: Final = Revision(
    PROVIDER, "shop", "live", LEDGER, (("appid", "wx1"), ("mchid", "1900000001")),
    (
        RevisionKey("PUB_KEY_ID_1", "verify", "public-key", "-----BEGIN\n", None, 1, None),
        RevisionKey("1", "decrypt", "secret", None, "00ff", None, AT_MS),
    ),
)  # fmt: skip


def ledger_draft(state: LedgerState) -> Draft:
    key = payment_key(PROVIDER, LEDGER, "4200001")
    return Draft("payments.ledger.v1", 0, key, encode_ledger(state), ())


def drafts() -> dict[str, Draft]:
    """Return each golden record by name, as the code of today writes it."""
    found = {}
    for name, callback in (("callback", CALLBACK), ("answer", ANSWER)):
        found[f"{name}.v1"] = encode_callback(
            callback, topic="payments.callbacks.v1", partition=3, deployment="local"
        )
    for name, fact in (("full", FULL_FACT), ("bare", BARE_FACT)):
        record = fact_record(fact)
        found[f"fact-{name}.v1"] = fact_draft(
            record, encode_fact(record), topic="payments.facts.v1", partitions=12
        )
    for name, event in EVENTS.items():
        found[f"event-{name}.v1"] = event_draft(
            event, topic="payments.events.v1", partition=5, deployment="local"
        )
    for name, outcome in OUTCOMES.items():
        found[f"outcome-{name}.v1"] = outcome_draft(
            outcome, topic="payments.outcomes.v1", partitions=4
        )
    for name, state in LEDGERS.items():
        found[f"ledger-{name}.v1"] = ledger_draft(state)
    found["revision.v1"] = revision_draft(REVISION, topic="payments.accounts.v1")
    return found


def meanings() -> dict[str, Any]:
    """Return the object that each golden record has to decode to."""
    found: dict[str, Any] = {"callback.v1": CALLBACK, "answer.v1": ANSWER}
    found["fact-full.v1"] = fact_record(FULL_FACT)
    found["fact-bare.v1"] = fact_record(BARE_FACT)
    found |= {f"event-{name}.v1": event for name, event in EVENTS.items()}
    found |= {f"outcome-{name}.v1": outcome for name, outcome in OUTCOMES.items()}
    found |= {f"ledger-{name}.v1": state for name, state in LEDGERS.items()}
    found["revision.v1"] = REVISION
    return found


def decode(name: str, record: Record) -> Any:
    readers = {
        "callback": decode_callback,
        "answer": decode_callback,
        "fact": read_fact,
        "event": read_event,
        "outcome": read_outcome,
        "ledger": lambda each: decode_ledger(each.value or b""),
        "revision": read_revision,
    }
    return readers[name.partition(".")[0].partition("-")[0]](record)
