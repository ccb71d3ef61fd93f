"""The tables of the kit. Every name begins with `downstream_`: the database may hold others.

`consumer` is the service whose row it is. Each keeps its own of everything, as services with
databases of their own would; only what the shop says an order costs is common to them.
"""

from typing import Final

from streams.views.database import Database

_BODIES: Final = {
    # The unique key that makes an effect happen once.
    "downstream_inbox": """consumer TEXT NOT NULL, event_id TEXT NOT NULL,
        PRIMARY KEY (consumer, event_id)""",
    "downstream_failures": """consumer TEXT NOT NULL, topic TEXT NOT NULL, part INTEGER NOT NULL,
        place BIGINT NOT NULL, event_id TEXT NOT NULL, error TEXT NOT NULL,
        PRIMARY KEY (consumer, topic, part, place)""",
    "downstream_totals": """mode TEXT NOT NULL, number TEXT NOT NULL, currency TEXT NOT NULL,
        exponent INTEGER NOT NULL, minor BIGINT NOT NULL, PRIMARY KEY (mode, number)""",
    "downstream_payments": """consumer TEXT NOT NULL, payment_key TEXT NOT NULL,
        mode TEXT NOT NULL, number TEXT, currency TEXT, exponent INTEGER NOT NULL,
        state TEXT NOT NULL, PRIMARY KEY (consumer, payment_key)""",
    "downstream_orders": """consumer TEXT NOT NULL, mode TEXT NOT NULL, number TEXT NOT NULL,
        status TEXT NOT NULL, currency TEXT, exponent INTEGER NOT NULL, total_minor BIGINT,
        paid_minor BIGINT NOT NULL, refunded_minor BIGINT NOT NULL, mixed INTEGER NOT NULL,
        PRIMARY KEY (consumer, mode, number)""",
    "downstream_coupons": """mode TEXT NOT NULL, number TEXT NOT NULL, code TEXT NOT NULL,
        state TEXT NOT NULL, event_id TEXT NOT NULL, PRIMARY KEY (mode, number)""",
    "downstream_outbox": """message_id TEXT PRIMARY KEY, mode TEXT NOT NULL, number TEXT,
        type TEXT NOT NULL, text TEXT NOT NULL, written_for_ms BIGINT NOT NULL,
        sequence BIGINT NOT NULL,
        attempts INTEGER NOT NULL, taken_until_ms BIGINT NOT NULL, sent_at_ms BIGINT""",
}
_INDEXES: Final = (
    # With the key at its end, or SQLite reads all payments for the sake of their order.
    "downstream_payments (consumer, mode, number, payment_key)",
    "downstream_outbox (sent_at_ms, taken_until_ms)",
)


def create_tables(database: Database) -> None:
    """Create what does not exist."""
    with database.transaction():
        # IF NOT EXISTS alone is no protection on PostgreSQL: of two that find nothing, one fails.
        database.alone()
        for name, body in _BODIES.items():
            database.run(f"CREATE TABLE IF NOT EXISTS {name} ({body})")
        for index in _INDEXES:
            name = index.replace(" (", "_").replace(", ", "_").rstrip(")")
            database.run(f"CREATE INDEX IF NOT EXISTS {name}_index ON {index}")


def storable(text: str) -> str:
    """Return a provider's text as every database takes it: PostgreSQL refuses NUL."""
    return text.replace("\x00", "\ufffd")
