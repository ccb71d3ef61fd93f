"""JSON Schema fragments that records share, made from the constants of `schemas`."""

from typing import Any, Final

from schemas.currencies import EXPONENTS
from schemas.event import SCHEMA_BASE
from schemas.money import MINOR_MAX

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
RECORDS_BASE: Final = SCHEMA_BASE.replace("/events/", "/records/")
EXPONENT_MAX: Final = max(EXPONENTS.values())
CURRENCY: Final[Schema] = {
    "type": "string",
    "pattern": "^[A-Z]{3}$",
    "description": "ISO 4217, three capitals.",
}
MINOR: Final[Schema] = {
    "type": "integer",
    "minimum": 0,
    "maximum": MINOR_MAX,
    "description": "Whole minor units of the currency.",
}
EXPONENT: Final[Schema] = {
    "type": "integer",
    "minimum": 0,
    "maximum": EXPONENT_MAX,
    "description": "Decimal places of the minor unit, as in ISO 4217.",
}
TIME: Final[Schema] = {
    "type": "string",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
    "description": "RFC 3339, UTC, milliseconds.",
}
MODE: Final[Schema] = {"enum": ["live", "test"]}
TEXT: Final[Schema] = {"type": "string"}
NAME: Final[Schema] = {"type": "string", "minLength": 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
MILLISECONDS: Final[Schema] = {
    "type": "integer",
    "description": "Milliseconds since 1970-01-01T00:00:00Z.",
}
UUID: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def money(description: str, *, closed: bool) -> Schema:
    """Return the schema of money as an object."""
    return record(
        {"minor": MINOR, "currency": CURRENCY, "exponent": EXPONENT},
        ("minor", "currency", "exponent"),
        closed=closed,
        description=description,
    )


def record(
    properties: Schema, required: tuple[str, ...], *, closed: bool, description: str
) -> Schema:
    """Return the schema of an object; a closed one refuses members that it does not name."""
    schema: Schema = {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(required),
    }
    if closed:
        schema["additionalProperties"] = False
    return schema


def titled(uri: str, title: str, schema: Schema) -> Schema:
    """Return a whole schema document."""
    return {"$schema": DIALECT, "$id": uri, "title": title, **schema}
