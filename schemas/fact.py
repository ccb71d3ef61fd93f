"""What one authentic callback states about one payment, and its record.

A provider states a `Fact`; judging binds it to the callback as a `FactRecord`. Its bytes are
a pure function of callback, revision and code version: replays compare them byte for byte.
"""

from typing import Any, Final, Literal, get_args

import orjson

from schemas.errors import InvalidRecord, Malformed
from schemas.frozen import named_value, value
from schemas.identity import dispute_key, order_key, order_part, payment_key, refund_key
from schemas.money import Money
from schemas.record import Draft, Position, Record
from schemas.times import FIRST_MS, LAST_MS
from schemas.topics import FACT_BYTES_MAX, partition_for_key

FactType = Literal[
    "PaymentAuthorized",
    "PaymentSucceeded",
    "PaymentFailed",
    "PaymentClosed",
    "PaymentReversed",
    "RefundCompleted",
    "RefundFailed",
    "RefundTotal",  # only the sum refunded so far is stated; settling announces its rise
    "DisputeOpened",
    "DisputeWon",
    "DisputeLost",
]
FACT_TYPES: Final = frozenset(get_args(FactType))
FACT_VERSION: Final = 1
_HEADERS: Final = (
    ("content-type", b"application/json"),
    ("ce_type", b"io.tillstream.FactStated.v1"),
)
_AMOUNT_REQUIRED: Final = frozenset(
    ("PaymentAuthorized", "PaymentSucceeded", "PaymentReversed", "RefundCompleted")
)


@named_value
class Fact:
    """One statement of a provider. What it does not tell is None, never a guess.

    `payment_id`: how the provider's refund names the money. `capture_id` is set only
    where several captures of one payment are possible, `attempt_id` where attempts have ids.
    `refunded_total` is required in RefundTotal. `reverses_success`: at this provider a
    PaymentFailed
    after PaymentSucceeded takes the money back.
    """

    type: FactType
    payment_id: str | None
    merchant_order_id: str | None
    occurred_at_ms: int | None
    amount: Money | None = None
    capture_id: str | None = None
    authorization_id: str | None = None
    attempt_id: str | None = None
    refund_id: str | None = None
    merchant_refund_id: str | None = None
    dispute_id: str | None = None
    refunded_total: Money | None = None
    payer_amount: Money | None = None
    method: str | None = None
    reverses_success: bool = False

    @property
    def part_id(self) -> str | None:
        """The provider's id of what happened, the last part of the event's identity."""
        match self.type:
            case "PaymentSucceeded" | "PaymentReversed":
                return self.capture_id
            case "RefundCompleted" | "RefundFailed" | "RefundTotal":
                return self.refund_id
            case "DisputeOpened" | "DisputeWon" | "DisputeLost":
                return self.dispute_id
            case "PaymentFailed" | "PaymentClosed":
                attempt = self.attempt_id if self.type == "PaymentFailed" else None
                if self.payment_id is None and self.merchant_order_id:
                    return order_part(self.merchant_order_id, attempt)
                return attempt
            case _:
                return None

    def check(self) -> None:
        """Refuse a statement that no event could be made of.

        Raises:
            Malformed: an amount, total or id that the type needs is missing; a moment that no
                event could write down, which would end the settling stage for ever.
        """
        if self.occurred_at_ms is not None and not FIRST_MS <= self.occurred_at_ms <= LAST_MS:
            raise Malformed("a moment outside of the years 1 to 9999")
        if self.type in _AMOUNT_REQUIRED and self.amount is None:
            raise Malformed(f"{self.type} without an amount")
        if self.type == "RefundTotal" and (self.refunded_total is None or not self.payment_id):
            raise Malformed("a refund total without its amount or payment")
        if self.payment_id is None and self.type in ("PaymentAuthorized", "PaymentSucceeded"):
            raise Malformed(f"{self.type} without a payment")


@value
class FactRecord:
    """A fact bound to its callback: which item, judged by which revision, by what proof."""

    fact: Fact
    provider: str
    account: str
    ledger: str
    mode: str
    revision: str
    kid: str
    proof: str
    callback_id: str
    item: int
    items: int
    received_at_ms: int
    callback: Position

    @property
    def key(self) -> bytes | None:
        """The payment identity that keys facts, events, ledger; None where nothing identifies."""
        fact = self.fact
        if fact.payment_id is not None:
            return payment_key(self.provider, self.ledger, fact.payment_id)
        if fact.type in ("PaymentFailed", "PaymentClosed") and fact.merchant_order_id:
            return order_key(self.provider, self.ledger, fact.merchant_order_id)
        if fact.type in ("RefundCompleted", "RefundFailed") and fact.refund_id:
            return refund_key(self.provider, self.ledger, fact.refund_id)
        if fact.dispute_id:
            return dispute_key(self.provider, self.ledger, fact.dispute_id)
        return None


def encode_fact(record: FactRecord) -> bytes:
    """Return the JSON of a fact.

    Raises:
        Malformed: longer than a fact may be; ids of such length are no ids.
    """
    fact = record.fact
    members: dict[str, Any] = {
        "v": FACT_VERSION,
        "type": fact.type,
        "provider": record.provider,
        "account": record.account,
        "ledger": record.ledger,
        "mode": record.mode,
        "payment_id": fact.payment_id,
        "merchant_order_id": fact.merchant_order_id,
        "occurred_at_ms": fact.occurred_at_ms,
    }
    for name in _OPTIONAL_MONEY:
        money: Money | None = getattr(fact, name)
        if money is not None:
            members[name] = [money.minor, money.currency, money.exponent]
    for name in _OPTIONAL_TEXT:
        text: str | None = getattr(fact, name)
        if text is not None:
            members[name] = text
    if fact.reverses_success:
        members["reverses_success"] = True
    members["proof"] = record.proof
    members["kid"] = record.kid
    members["revision"] = record.revision
    members["callback_id"] = record.callback_id
    members["item"] = record.item
    members["items"] = record.items
    members["received_at_ms"] = record.received_at_ms
    members["callback"] = tuple(record.callback)
    octets = orjson.dumps(members)
    if len(octets) > FACT_BYTES_MAX:
        raise Malformed(f"a fact above {FACT_BYTES_MAX} bytes")
    return octets


def decode_fact(octets: bytes) -> FactRecord:
    """Return the fact of a record's value.

    Raises:
        InvalidRecord: not a fact of a version that this code knows.
    """
    try:
        members = orjson.loads(octets)
        if members["v"] != FACT_VERSION or members["type"] not in FACT_TYPES:
            raise InvalidRecord("a fact of an unknown version or type")
        stated = members.get
        fact = Fact(
            type=members["type"],
            payment_id=members["payment_id"],
            merchant_order_id=members["merchant_order_id"],
            occurred_at_ms=members["occurred_at_ms"],
            amount=_money(members, "amount"),
            capture_id=stated("capture_id"),
            authorization_id=stated("authorization_id"),
            attempt_id=stated("attempt_id"),
            refund_id=stated("refund_id"),
            merchant_refund_id=stated("merchant_refund_id"),
            dispute_id=stated("dispute_id"),
            refunded_total=_money(members, "refunded_total"),
            payer_amount=_money(members, "payer_amount"),
            method=stated("method"),
            reverses_success=stated("reverses_success", False),
        )
        return FactRecord(
            fact, members["provider"], members["account"], members["ledger"], members["mode"],
            members["revision"], members["kid"], members["proof"], members["callback_id"],
            members["item"], members["items"], members["received_at_ms"],
            Position(*members["callback"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRecord("not a fact record") from error


def _money(members: dict[str, Any], name: str) -> Money | None:
    return Money(*members[name]) if name in members else None


def fact_draft(record: FactRecord, octets: bytes, *, topic: str, partitions: int) -> Draft:
    """Return the record to append for an encoded fact that has a key."""
    key = record.key
    if key is None:
        raise InvalidRecord("a fact that nothing identifies")
    return Draft(topic, partition_for_key(key, partitions), key, octets, _HEADERS)


def read_fact(record: Record) -> FactRecord:
    """Return the fact of a log record; see `decode_fact`."""
    return decode_fact(record.value or b"")


_OPTIONAL_MONEY: Final = ("amount", "refunded_total", "payer_amount")
_OPTIONAL_TEXT: Final = (
    "capture_id", "authorization_id", "attempt_id", "refund_id", "merchant_refund_id",
    "dispute_id", "method",
)  # fmt: skip
