"""AsyncAPI 3.1.0: the six topics, their records and headers, and who writes and reads them."""

from typing import Any, Final

from schemas.callback import TYPE_PREFIX
from schemas.event import EVENT_TYPES, dataschema
from schemas.topics import Topic, Topics, topics
from streams.specs.events import event_schema
from streams.specs.fragments import TEXT, TIME, UUID, Schema, record
from streams.specs.records import fact_schema, ledger_schema, outcome_schema, revision_schema

BINDING: Final = "0.5.0"
SCHEMA_FORMAT: Final = "application/schema+json;version=draft-2020-12"
REPLICAS: Final = 3
# Sent and received as seen from this application: by role, topic.
SENDS: Final = {
    "ingress": ("callbacks",),
    "confirm": ("callbacks",),
    "verify": ("facts", "outcomes", "accounts"),
    "settle": ("events", "ledger", "outcomes"),
}
RECEIVES: Final = {
    "verify": ("callbacks",),
    "settle": ("facts",),
    "views": ("events", "outcomes"),
}
_NUMBERS: Final = frozenset(
    ("partitions", "retention.ms", "max.message.bytes", "delete.retention.ms")
)
# What the binding has a place for; the rest of a topic's settings stands in deploy/topics.yaml.
_BOUND: Final = ("cleanup.policy", "retention.ms", "max.message.bytes", "delete.retention.ms")
_URN: Final[Schema] = {"type": "string", "pattern": "^urn:tillstream:[^:]+:[^:]+:[^:]+$"}
_FLAG: Final[Schema] = {"const": "1"}
_NUMBER: Final[Schema] = {"type": "string", "pattern": "^[0-9]+$"}


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document of the standard topic names."""
    standard = topics()
    messages = _messages()
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Tillstream topics",
            "version": "1.0.0",
            "description": "From payment callbacks to events that are announced once. Readers of "
            "the events set isolation.level=read_committed and drop a second event of one id.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "Named by TILLSTREAM_LOG.",
            }
        },
        "channels": {
            name: _channel(name, getattr(standard, name), messages) for name in _names(standard)
        },
        "operations": _operations(messages),
        "components": {"messages": {name: message for name, (_, message) in messages.items()}},
    }


def _names(standard: Topics) -> list[str]:
    return [topic.name.split(".")[-2] for topic in standard.all()]


def _channel(name: str, topic: Topic, messages: dict[str, tuple[str, Schema]]) -> Schema:
    config = topic.config()
    bound: dict[str, Any] = {
        setting: int(config[setting]) if setting in _NUMBERS else [config[setting]]
        for setting in _BOUND
        if setting in config
    }
    return {
        "address": topic.name,
        "description": f"{topic.purpose}; key: {topic.key}; written by: {topic.written_by}",
        "messages": {
            message: {"$ref": f"#/components/messages/{message}"}
            for message, (channel, _) in messages.items()
            if channel == name
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "replicas": REPLICAS,
                "topicConfiguration": bound,
                "bindingVersion": BINDING,
            }
        },
    }


def _operations(messages: dict[str, tuple[str, Schema]]) -> Schema:
    operations: Schema = {}
    for action, by_role in (("send", SENDS), ("receive", RECEIVES)):
        for role, channels in by_role.items():
            for channel in channels:
                operation: Schema = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{channel}"},
                    "messages": [
                        {"$ref": f"#/channels/{channel}/messages/{message}"}
                        for message, (owner, _) in messages.items()
                        if owner == channel and _does(role, message)
                    ],
                }
                if action == "receive":
                    operation["bindings"] = {
                        "kafka": {
                            "groupId": {"type": "string", "enum": [f"payments-{role}"]},
                            "bindingVersion": BINDING,
                        }
                    }
                operations[f"{role}{action.capitalize()}s{channel.capitalize()}"] = operation
    return operations


def _does(role: str, message: str) -> bool:
    """Only `confirm` appends answers, only the ingress appends callbacks."""
    return (role, message) not in (("ingress", "AnswerReceived"), ("confirm", "CallbackReceived"))


def _messages() -> dict[str, tuple[str, Schema]]:
    """Return channel and message by message name."""
    found: dict[str, tuple[str, Schema]] = {}
    for kind, title in (
        ("CallbackReceived", "A provider's HTTP message, exact bytes"),
        ("AnswerReceived", "A provider's answer to a question of ours, exact bytes"),
    ):
        found[kind] = "callbacks", _callback(kind, title)
    found["FactStated"] = "facts", _plain("FactStated", fact_schema(), "payment identity")
    for event_type in EVENT_TYPES:
        found[event_type] = "events", _event(event_type, event_schema(event_type, closed=False))
    found["LedgerState"] = "ledger", _plain("LedgerState", ledger_schema(), "payment identity")
    found["OutcomeRecorded"] = "outcomes", _plain("OutcomeRecorded", outcome_schema(), "callback")
    found["AccountRevised"] = "accounts", _plain("AccountRevised", revision_schema(), "account")
    return found


def _message(name: str, title: str, content_type: str, headers: Schema, payload: Any) -> Schema:
    return {
        "name": f"{TYPE_PREFIX}{name}.v1",
        "title": title,
        "contentType": content_type,
        "headers": {"schemaFormat": SCHEMA_FORMAT, "schema": headers},
        "payload": payload,
    }


def _payload(schema: Schema) -> Schema:
    return {"schemaFormat": SCHEMA_FORMAT, "schema": schema}


def _keyed(message: Schema, description: str) -> Schema:
    key = {"type": "string", "description": description}
    return message | {"bindings": {"kafka": {"key": key, "bindingVersion": BINDING}}}


def _plain(name: str, payload: Schema, key: str) -> Schema:
    headers = {
        "content-type": {"const": "application/json"},
        "ce_type": {"const": f"{TYPE_PREFIX}{name}.v1"},
    }
    schema = record(headers, tuple(headers), closed=False, description="Of our own records.")
    message = _message(name, payload["title"], "application/json", schema, _payload(payload))
    return _keyed(message, key)


def _callback(kind: str, title: str) -> Schema:
    headers: Schema = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": UUID,
        "ce_type": {"const": f"{TYPE_PREFIX}{kind}.v1"},
        "ce_source": _URN,
        "ce_time": TIME,
        "content-type": {"const": "application/octet-stream"},
        "http.method": TEXT,
        "http.target": {**TEXT, "description": "As received, query included."},
        "http.headers": {**TEXT, "description": "JSON list of [name, value], order kept."},
        "http.peer": TEXT,
        "http.client": TEXT,
        "ce_causationid": {**TEXT, "description": "What asked."},
    }
    required = tuple(headers if kind == "AnswerReceived" else list(headers)[:-1])
    schema = record(headers, required, closed=False, description="CloudEvents binary mode.")
    body = {"type": "string", "format": "binary", "description": "The body as received."}
    return _message(kind, title, "application/octet-stream", schema, body)


def _event(event_type: str, payload: Schema) -> Schema:
    headers: Schema = {
        "content-type": {"const": "application/json"},
        "ce_specversion": {"const": "1.0"},
        "ce_id": UUID,
        "ce_type": {"const": f"{TYPE_PREFIX}{event_type}.v1"},
        "ce_source": _URN,
        "ce_subject": TEXT,
        "ce_dataschema": {"const": dataschema(event_type)},
        "ce_partitionkey": TEXT,
        "ce_causationid": {**TEXT, "description": "The callback that announced it."},
        "ce_sequence": {**_NUMBER, "description": "Per payment, from 1, no gaps."},
        "ce_recordedtime": TIME,
        "ce_mode": {"enum": ["live", "test"]},
        "ce_time": {**TIME, "description": "When it happened; absent where unknown."},
        "ce_causationitem": {**_NUMBER, "description": "Item of the callback, absent for 0."},
        "ce_partid": {**TEXT, "description": "Part id of the identity."},
        "ce_outoforder": {**_FLAG, "description": "Announced before its payment."},
        "ce_derived": {**_FLAG, "description": "From a running total: use refunded_total."},
        "ce_unlinked": {**_FLAG, "description": "Names no payment, in no sum."},
        "ce_reverses": {**UUID, "description": "The event that it takes back."},
    }
    required = list(headers)[: list(headers).index("ce_time")]
    schema = record(headers, tuple(required), closed=False, description="CloudEvents binary mode.")
    title = payload["title"]
    message = _message(event_type, title, "application/json", schema, _payload(payload))
    return _keyed(message, "The payment identity, equal to ce_partitionkey.")
