"""The tables of the views. Every name begins with `view_`: the database may hold others."""

from typing import Final

from streams.views.database import Database

# Another number means other rows: they are built again from the log at the next start.
TABLES_VERSION: Final = 1
_POSITION: Final = "topic TEXT NOT NULL, part INTEGER NOT NULL, place BIGINT NOT NULL"
_BODIES: Final = {
    "view_meta": "name TEXT PRIMARY KEY, number BIGINT NOT NULL",
    "view_progress": """topic TEXT NOT NULL, part INTEGER NOT NULL, next_place BIGINT NOT NULL,
        PRIMARY KEY (topic, part)""",
    "view_failures": f"{_POSITION}, name TEXT NOT NULL, error TEXT NOT NULL,"
    " PRIMARY KEY (topic, part, place)",
    "view_callbacks": f"""{_POSITION}, id TEXT NOT NULL, provider TEXT NOT NULL,
        account TEXT NOT NULL, kind TEXT NOT NULL, received_at_ms BIGINT NOT NULL,
        body_bytes INTEGER NOT NULL, causation_id TEXT, PRIMARY KEY (topic, part, place)""",
    "view_history": f"""{_POSITION}, callback_id TEXT NOT NULL, item INTEGER NOT NULL,
        items INTEGER NOT NULL, outcome TEXT NOT NULL, code TEXT, event_id TEXT, revision TEXT,
        callback_topic TEXT NOT NULL, callback_part INTEGER NOT NULL,
        callback_place BIGINT NOT NULL, recorded_at_ms BIGINT NOT NULL,
        PRIMARY KEY (topic, part, place)""",
    "view_outcomes": f"""{_POSITION}, callback_id TEXT NOT NULL, item INTEGER NOT NULL,
        items INTEGER NOT NULL, outcome TEXT NOT NULL, code TEXT, event_id TEXT, revision TEXT,
        callback_topic TEXT NOT NULL, callback_part INTEGER NOT NULL,
        callback_place BIGINT NOT NULL, recorded_at_ms BIGINT NOT NULL,
        PRIMARY KEY (callback_topic, callback_part, callback_place, callback_id, item)""",
    "view_events": f"""id TEXT PRIMARY KEY, {_POSITION}, payment_key TEXT NOT NULL,
        sequence BIGINT NOT NULL, type TEXT NOT NULL, causation_id TEXT NOT NULL,
        recorded_at_ms BIGINT NOT NULL, event TEXT NOT NULL""",
    "view_payments": """payment_key TEXT PRIMARY KEY, provider TEXT NOT NULL,
        account TEXT NOT NULL, mode TEXT NOT NULL, payment_id TEXT, merchant_order_id TEXT,
        status TEXT NOT NULL, currency TEXT, exponent INTEGER, paid_minor BIGINT NOT NULL,
        refunded_minor BIGINT NOT NULL, over_refunded INTEGER NOT NULL, events INTEGER NOT NULL,
        first_at_ms BIGINT NOT NULL, last_at_ms BIGINT NOT NULL""",
    "view_names": """name TEXT NOT NULL, kind TEXT NOT NULL, payment_key TEXT NOT NULL,
        PRIMARY KEY (name, kind, payment_key)""",
    "view_minutes": """topic TEXT NOT NULL, part INTEGER NOT NULL, minute_ms BIGINT NOT NULL,
        provider TEXT NOT NULL, account TEXT NOT NULL, what TEXT NOT NULL,
        count BIGINT NOT NULL, last_place BIGINT NOT NULL,
        PRIMARY KEY (topic, part, minute_ms, provider, account, what)""",
}
_INDEXES: Final = (
    "view_callbacks (id)",
    "view_callbacks (received_at_ms)",
    "view_history (callback_id)",
    "view_history (event_id)",
    "view_outcomes (recorded_at_ms)",
    "view_events (payment_key)",
    "view_events (causation_id)",
    "view_payments (merchant_order_id)",
    "view_payments (last_at_ms)",
    "view_minutes (minute_ms)",
)
# What a rebuild must bring back exactly; progress and failures belong to the feeding.
ROWS: Final = (
    "view_callbacks", "view_history", "view_outcomes", "view_events", "view_payments",
    "view_names", "view_minutes",
)  # fmt: skip


def create_tables(database: Database) -> None:
    """Create what does not exist; rows of another version make room, to be built again."""
    with database.transaction():
        database.run(f"CREATE TABLE IF NOT EXISTS view_meta ({_BODIES['view_meta']})")
        written = database.rows("SELECT number FROM view_meta WHERE name = 'complete'")
        if written and written[0][0] not in (0, TABLES_VERSION):
            for name in _BODIES.keys() - {"view_meta"}:
                database.run(f"DROP TABLE IF EXISTS {name}")
        for name, body in _BODIES.items():
            database.run(f"CREATE TABLE IF NOT EXISTS {name} ({body})")
        for index in _INDEXES:
            name = index.replace(" (", "_").rstrip(")")
            database.run(f"CREATE INDEX IF NOT EXISTS {name}_index ON {index}")


def dump(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every view in one order, to compare two builds of them."""
    return {
        name: sorted((tuple(row) for row in database.rows(f"SELECT * FROM {name}")), key=repr)
        for name in ROWS
    }
