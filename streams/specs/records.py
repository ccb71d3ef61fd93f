"""JSON Schemas of the records beside the events: facts, outcomes, ledger states, revisions.

They are ours to write and ours to read, so there is one form, and it is closed.
"""

from typing import Any, Final, get_args

from processors.keys import KeyKind, KeyUse
from schemas.errors import PARKED_CODES, REFUSED_CODES, OutcomeWord
from schemas.event import AMOUNT_REQUIRED
from schemas.fact import FACT_VERSION, FactType
from schemas.ledger import ANNOUNCED_MAX, LEDGER_VERSION
from schemas.outcome import DECISION
from schemas.revision import REVISION_VERSION
from streams.specs.fragments import (
    COUNT,
    CURRENCY,
    EXPONENT,
    MILLISECONDS,
    MINOR,
    MODE,
    NAME,
    RECORDS_BASE,
    TEXT,
    UUID,
    Schema,
    or_null,
    record,
    titled,
)

_FACT_TEXTS: Final = (
    "capture_id", "authorization_id", "attempt_id", "refund_id", "merchant_refund_id",
    "dispute_id", "method",
)  # fmt: skip


def _array(*members: Schema) -> Schema:
    """An array of exactly these members, each in its place."""
    return {
        "type": "array",
        "prefixItems": list(members),
        "items": False,
        "minItems": len(members),
    }


POSITION: Final[Schema] = {
    **_array(TEXT, COUNT, COUNT),
    "description": "Topic, partition and offset of the callback.",
}
_MONEY: Final = _array(MINOR, CURRENCY, EXPONENT)


def fact_schema() -> Schema:
    """Return the schema of a fact: what one authentic callback states about one payment."""
    properties: dict[str, Any] = {
        "v": {"const": FACT_VERSION},
        "type": {"enum": list(get_args(FactType))},
        "provider": NAME,
        "account": NAME,
        "ledger": NAME,
        "mode": MODE,
        "payment_id": or_null(TEXT),
        "merchant_order_id": or_null(TEXT),
        "occurred_at_ms": or_null(MILLISECONDS),
        "amount": _MONEY,
        "refunded_total": _MONEY,
        "payer_amount": _MONEY,
        **dict.fromkeys(_FACT_TEXTS, TEXT),
        "reverses_success": {"const": True},
        "proof": {"enum": ["signed", "shared-secret"]},
        "kid": TEXT,
        "revision": NAME,
        "callback_id": NAME,
        "item": COUNT,
        "items": COUNT,
        "received_at_ms": MILLISECONDS,
        "callback": POSITION,
    }
    optional = {"amount", "refunded_total", "payer_amount", "reverses_success", *_FACT_TEXTS}
    schema = record(
        properties,
        tuple(name for name in properties if name not in optional),
        closed=True,
        description="What one authentic callback states about one payment.",
    )
    schema["allOf"] = [
        _needs(sorted(AMOUNT_REQUIRED), "amount"),
        _needs(["RefundTotal"], "refunded_total"),
    ]
    return titled(f"{RECORDS_BASE}Fact.v{FACT_VERSION}.json", "Fact, version 1", schema)


def outcome_schema() -> Schema:
    """Return the schema of an outcome: what became of one item of a callback."""
    properties: dict[str, Any] = {
        "callback_id": TEXT,
        "item": COUNT,
        "items": COUNT,
        "outcome": {"enum": list(get_args(OutcomeWord))},
        "code": or_null(TEXT),
        "event_id": or_null(UUID),
        "revision": or_null(NAME),
        "topic": NAME,
        "partition": COUNT,
        "offset": COUNT,
    }
    schema = record(
        properties, tuple(properties), closed=True,
        description="What became of one item of a callback. The last one counts, except that "
        "announced, duplicate and superseded stand whatever follows.",
    )  # fmt: skip
    schema["allOf"] = [
        _code("refused", {"enum": list(REFUSED_CODES)}),
        _code("parked", {"enum": list(PARKED_CODES)}),
        _code("ignored", {"enum": [None, DECISION]}),
        *(_code(word, {"type": "null"}) for word in ("announced", "duplicate", "superseded")),
    ]
    return titled(f"{RECORDS_BASE}Outcome.v1.json", "Outcome, version 1", schema)


def ledger_schema() -> Schema:
    """Return the schema of a ledger state: what was announced of one payment."""
    entry = _array(
        {**UUID, "description": "Event id."},
        {**NAME, "description": "Event type."},
        {**or_null(TEXT), "description": "Part id."},
        {**or_null(MINOR), "description": "Amount."},
        {**or_null(CURRENCY), "description": "Currency."},
        {**or_null(MINOR), "description": "Running total, where one was the source."},
        {**or_null(TEXT), "description": "Order number."},
        {**or_null(MILLISECONDS), "description": "When it happened."},
        {**TEXT, "description": "Callback id that announced it."},
        {**COUNT, "description": "Item of that callback."},
    )
    properties: dict[str, Any] = {
        "v": {"const": LEDGER_VERSION},
        "sequence": COUNT,
        "refunded": COUNT,
        "since_ms": or_null(MILLISECONDS),
        "last_ms": or_null(MILLISECONDS),
        "announced": {"type": "array", "maxItems": ANNOUNCED_MAX, "items": entry},
    }
    schema = record(
        properties, tuple(properties), closed=True,
        description="What was announced of one payment: a cache of its events.",
    )  # fmt: skip
    return titled(f"{RECORDS_BASE}Ledger.v{LEDGER_VERSION}.json", "Ledger, version 1", schema)


def revision_schema() -> Schema:
    """Return the schema of an account revision: settings and public keys, secrets as digests."""
    key: dict[str, Any] = {
        "kid": TEXT,
        "use": {"enum": list(get_args(KeyUse))},
        "kind": {"enum": list(get_args(KeyKind))},
        "public": or_null(TEXT),
        "digest": or_null({"type": "string", "pattern": "^[0-9a-f]+$"}),
        "not_before_ms": or_null(MILLISECONDS),
        "not_after_ms": or_null(MILLISECONDS),
    }
    properties: dict[str, Any] = {
        "v": {"const": REVISION_VERSION},
        "provider": NAME,
        "account": NAME,
        "mode": MODE,
        "ledger": NAME,
        "settings": {"type": "object", "additionalProperties": TEXT},
        "keys": {
            "type": "array",
            "items": record(
                key, tuple(key), closed=True,
                description="A key. Of a secret there is the keyed digest alone.",
            ),
        },
    }  # fmt: skip
    schema = record(
        properties, tuple(properties), closed=True,
        description="One state of an account. It holds no secret.",
    )  # fmt: skip
    uri = f"{RECORDS_BASE}Revision.v{REVISION_VERSION}.json"
    return titled(uri, "Account revision, version 1", schema)


def record_schemas() -> dict[str, Schema]:
    """Return the record schemas by file name."""
    return {
        f"Fact.v{FACT_VERSION}.json": fact_schema(),
        "Outcome.v1.json": outcome_schema(),
        f"Ledger.v{LEDGER_VERSION}.json": ledger_schema(),
        f"Revision.v{REVISION_VERSION}.json": revision_schema(),
    }


def _needs(types: list[str], member: str) -> Schema:
    return {
        "if": {"properties": {"type": {"enum": types}}},
        "then": {"required": [member]},
    }


def _code(word: str, code: Schema) -> Schema:
    return {
        "if": {"properties": {"outcome": {"const": word}}},
        "then": {"properties": {"code": code}},
    }
