"""A fact announced, once: CloudEvents 1.0, Kafka binary mode."""

from functools import lru_cache
from typing import Any, Final, Literal, get_args

import orjson

from schemas.callback import TYPE_PREFIX, callback_source
from schemas.errors import InvalidRecord
from schemas.frozen import named_value
from schemas.identity import PREFIXES_MAX
from schemas.money import Money
from schemas.record import Draft, Record
from schemas.times import parse_rfc3339, rfc3339

EventType = Literal[
    "PaymentAuthorized",
    "PaymentSucceeded",
    "PaymentFailed",
    "PaymentClosed",
    "PaymentReversed",
    "PaymentLinked",
    "RefundCompleted",
    "RefundFailed",
    "DisputeOpened",
    "DisputeWon",
    "DisputeLost",
]
EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
AMOUNT_REQUIRED: Final = frozenset(
    ("PaymentAuthorized", "PaymentSucceeded", "PaymentReversed", "RefundCompleted")
)
SCHEMA_BASE: Final = "https://schemas.tillstream.io/events/"
OPTIONAL_TEXT: Final = (
    "capture_id", "authorization_id", "refund_id", "merchant_refund_id", "dispute_id", "method",
)  # fmt: skip
OPTIONAL_MONEY: Final = ("amount", "refunded_total", "payer_amount")
_PAYMENT: Final = ("amount", "payer_amount", "authorization_id", "method")
_CAPTURE: Final = (*_PAYMENT, "capture_id")
_REFUND: Final = (*_CAPTURE, "refunded_total", "refund_id", "merchant_refund_id")
_DISPUTE: Final = (*_CAPTURE, "dispute_id")
# The optional members that each type may carry; what else a fact says stays in the fact.
CARRIES: Final[dict[EventType, tuple[str, ...]]] = {
    "PaymentAuthorized": _PAYMENT,
    "PaymentSucceeded": _CAPTURE,
    "PaymentFailed": _CAPTURE,
    "PaymentClosed": _PAYMENT,
    "PaymentReversed": (*_CAPTURE, "refund_id", "dispute_id"),
    "PaymentLinked": (),
    "RefundCompleted": _REFUND,
    "RefundFailed": _REFUND,
    "DisputeOpened": _DISPUTE,
    "DisputeWon": _DISPUTE,
    "DisputeLost": _DISPUTE,
}
_FLAGS: Final = (("out_of_order", "outoforder"), ("derived", "derived"), ("unlinked", "unlinked"))


@named_value
class Event:
    """`account` is the ledger name. `sequence` counts the payment's events from 1 without gaps.

    `causation_id` and `causation_item` name the callback item that announced it; `reverses` is the
    `id` of the event that this one takes back.
    """

    id: str
    key: bytes
    type: EventType
    mode: str
    provider: str
    account: str
    payment_id: str | None
    merchant_order_id: str | None
    occurred_at_ms: int | None
    sequence: int
    causation_id: str
    causation_item: int
    recorded_at_ms: int
    amount: Money | None = None
    refunded_total: Money | None = None
    payer_amount: Money | None = None
    capture_id: str | None = None
    authorization_id: str | None = None
    refund_id: str | None = None
    merchant_refund_id: str | None = None
    dispute_id: str | None = None
    method: str | None = None
    out_of_order: bool = False
    derived: bool = False
    unlinked: bool = False
    reverses: str | None = None
    part_id: str | None = None

    @property
    def subject(self) -> str:
        return self.refund_id or self.dispute_id or self.payment_id or self.merchant_order_id or ""


def dataschema(event_type: str) -> str:
    """Return the URI of the exact schema version of an event type."""
    return f"{SCHEMA_BASE}{event_type}.v1.json"


def event_members(event: Event) -> dict[str, Any]:
    """Return the members of an event's JSON; only order and time may be null."""
    members: dict[str, Any] = {
        "type": event.type,
        "mode": event.mode,
        "provider": event.provider,
        "account": event.account,
        "payment_id": event.payment_id,
        "merchant_order_id": event.merchant_order_id,
    }
    for name in OPTIONAL_TEXT:
        text = getattr(event, name)
        if text is not None:
            members[name] = text
    for name in OPTIONAL_MONEY:
        money = getattr(event, name)
        if money is not None:
            members[name] = {
                "minor": money.minor, "currency": money.currency, "exponent": money.exponent,
            }  # fmt: skip
    occurred = event.occurred_at_ms
    members["occurred_at"] = None if occurred is None else rfc3339(occurred)
    return members


def event_draft(event: Event, *, topic: str, partition: int, deployment: str) -> Draft:
    """Return the record of an event for the partition of its fact."""
    source = _source(deployment, event.provider, event.account)
    ce_type, ce_dataschema = _TYPE_HEADERS[event.type]
    headers = [
        _CONTENT_TYPE,
        _SPECVERSION,
        ("ce_id", event.id.encode()),
        ce_type,
        source,
        ("ce_subject", event.subject.encode()),
        ce_dataschema,
        ("ce_partitionkey", event.key),
        ("ce_causationid", event.causation_id.encode()),
        ("ce_sequence", str(event.sequence).encode()),
        ("ce_recordedtime", rfc3339(event.recorded_at_ms).encode()),
        ("ce_mode", event.mode.encode()),
    ]
    if event.occurred_at_ms is not None:
        headers.append(("ce_time", rfc3339(event.occurred_at_ms).encode()))
    if event.causation_item:
        headers.append(("ce_causationitem", str(event.causation_item).encode()))
    if event.part_id is not None:
        headers.append(("ce_partid", event.part_id.encode()))
    if event.out_of_order or event.derived or event.unlinked:
        headers += [(f"ce_{name}", b"1") for field, name in _FLAGS if getattr(event, field)]
    if event.reverses is not None:
        headers.append(("ce_reverses", event.reverses.encode()))
    value = orjson.dumps(event_members(event))
    return Draft(topic, partition, event.key, value, tuple(headers))


@lru_cache(maxsize=PREFIXES_MAX)
def _source(deployment: str, provider: str, account: str) -> tuple[str, bytes]:
    return "ce_source", callback_source(deployment, provider, account).encode()


_CONTENT_TYPE: Final = ("content-type", b"application/json")
_SPECVERSION: Final = ("ce_specversion", b"1.0")
_TYPE_HEADERS: Final = {
    each: (
        ("ce_type", f"{TYPE_PREFIX}{each}.v1".encode()),
        ("ce_dataschema", dataschema(each).encode()),
    )
    for each in EVENT_TYPES
}


def read_event(record: Record) -> Event:
    """Return the event of a log record.

    Raises:
        InvalidRecord: not an event of this version.
    """
    try:
        headers = dict(record.headers)
        members: dict[str, Any] = orjson.loads(record.value or b"")
        # By name, here too: a later version may say more of an amount.
        optional: dict[str, Any] = {
            name: Money(stated["minor"], stated["currency"], stated["exponent"])
            for name in OPTIONAL_MONEY
            if name in members
            for stated in (members[name],)
        }
        optional |= {name: members[name] for name in OPTIONAL_TEXT if name in members}
        optional |= {field: f"ce_{name}" in headers for field, name in _FLAGS}
        occurred = members["occurred_at"]
        part = headers.get("ce_partid")
        reverses = headers.get("ce_reverses")
        if headers["ce_type"] != f"{TYPE_PREFIX}{members['type']}.v1".encode():
            raise InvalidRecord("an event whose header and body disagree about its type")
        return Event(
            id=headers["ce_id"].decode(),
            key=headers["ce_partitionkey"],
            type=members["type"],
            mode=members["mode"],
            provider=members["provider"],
            account=members["account"],
            payment_id=members["payment_id"],
            merchant_order_id=members["merchant_order_id"],
            occurred_at_ms=None if occurred is None else parse_rfc3339(occurred),
            sequence=int(headers["ce_sequence"]),
            causation_id=headers["ce_causationid"].decode(),
            causation_item=int(headers.get("ce_causationitem", b"0")),
            recorded_at_ms=parse_rfc3339(headers["ce_recordedtime"].decode()),
            reverses=None if reverses is None else reverses.decode(),
            part_id=None if part is None else part.decode(),
            **optional,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRecord("not an event record") from error
