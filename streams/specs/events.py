"""JSON Schemas of the events: an open form for consumers, a closed one for the producer.

The open form is what `ce_dataschema` names: a member added later breaks no consumer that checks
with it. The closed form refuses every member that the type may not carry.
"""

from typing import Final

from schemas.event import (
    AMOUNT_REQUIRED,
    CARRIES,
    EVENT_TYPES,
    OPTIONAL_MONEY,
    EventType,
    dataschema,
)
from streams.specs.fragments import MODE, NAME, TEXT, TIME, Schema, money, or_null, record, titled

REQUIRED: Final = (
    "type", "mode", "provider", "account", "payment_id", "merchant_order_id", "occurred_at",
)  # fmt: skip
MEANINGS: Final[dict[EventType, str]] = {
    "PaymentAuthorized": "Money is reserved, not captured.",
    "PaymentSucceeded": "Money was captured. An order is paid when its payments add up.",
    "PaymentFailed": "One attempt failed; another may succeed.",
    "PaymentClosed": "The payment ended unpaid.",
    "PaymentReversed": "Captured money was taken back.",
    "PaymentLinked": "The order number of an announced payment became known.",
    "RefundCompleted": "Money went back to the payer. Of derived refunds use `refunded_total`.",
    "RefundFailed": "A refund did not reach the payer; `ce_reverses` names what it takes back.",
    "DisputeOpened": "First notice of a dispute, or money withdrawn for it.",
    "DisputeWon": "The dispute ended in our favour.",
    "DisputeLost": "The dispute ended finally against us.",
}
_TEXTS: Final = {
    "capture_id": "The provider's id of one of several captures.",
    "authorization_id": "The provider's id of an earlier step.",
    "refund_id": "The provider's id of the refund.",
    "merchant_refund_id": "The merchant's own id of the refund.",
    "dispute_id": "The provider's id of the dispute.",
    "method": "How the payer paid. An open list: expect words not seen before.",
}
_MONEY: Final = {
    "amount": "The amount of this event.",
    "refunded_total": "The sum refunded of the payment after this event.",
    "payer_amount": "What the payer paid after the provider's discounts.",
}


def event_schema(event_type: EventType, *, closed: bool) -> Schema:
    """Return the schema of an event's JSON."""
    required = REQUIRED + (("amount",) if event_type in AMOUNT_REQUIRED else ())
    properties: Schema = {
        "type": {"const": event_type},
        "mode": MODE,
        "provider": NAME,
        "account": {**NAME, "description": "The ledger name of the merchant's account."},
        "payment_id": or_null(TEXT),
        "merchant_order_id": or_null(TEXT),
    }
    for name in CARRIES[event_type]:
        properties[name] = (
            money(_MONEY[name], closed=closed)
            if name in OPTIONAL_MONEY
            else {**TEXT, "description": _TEXTS[name]}
        )
    properties["occurred_at"] = or_null(TIME)
    uri = dataschema(event_type)
    if closed:
        uri = uri.replace(".v1.json", ".v1.closed.json")
    schema = record(properties, required, closed=closed, description=MEANINGS[event_type])
    return titled(uri, f"{event_type}, version 1", schema)


def event_schemas() -> dict[str, Schema]:
    """Return all event schemas by file name."""
    schemas = {}
    for event_type in EVENT_TYPES:
        schemas[f"{event_type}.v1.json"] = event_schema(event_type, closed=False)
        schemas[f"{event_type}.v1.closed.json"] = event_schema(event_type, closed=True)
    return schemas
