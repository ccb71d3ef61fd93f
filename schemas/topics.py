"""The six topics as data, and which partition a record goes to; it is always passed explicitly."""

from dataclasses import dataclass
from typing import Final, Literal
from zlib import crc32

DAY_MS: Final = 86_400_000
MESSAGE_BYTES_MAX: Final = 1_048_576
# Sizes nest: body + headers < message; one fact < message; 500 facts are sent one by one.
BODY_BYTES_MAX: Final = 512 * 1024
HEADERS_BYTES_MAX: Final = 32 * 1024
FACT_BYTES_MAX: Final = 16 * 1024
ITEMS_MAX: Final = 500
ACCOUNT_PARTITIONS: Final = 4  # of the callbacks topic; a flood delays only those who share them

# Key of the record in ledger partition 0 that holds the partition count, chosen once.
PARTITIONS_KEY: Final = b"partitions"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `retention_ms` -1 keeps records for ever."""

    name: str
    partitions: int
    cleanup: Literal["delete", "compact"]
    retention_ms: int
    purpose: str
    key: str
    written_by: str

    def config(self) -> dict[str, str]:
        """Return the topic's settings as Kafka names them."""
        common = {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(MESSAGE_BYTES_MAX),
            # Kafka 4 refuses timestamps an hour ahead; retention goes by the time of appending.
            "message.timestamp.type": "LogAppendTime",
        }
        if self.cleanup == "compact":
            # Tombstones stay longer than the longest outage; small segments are compacted soon.
            return common | {
                "min.cleanable.dirty.ratio": "0.1",
                "segment.bytes": str(64 * 1024 * 1024),
                "delete.retention.ms": str(7 * DAY_MS),
            }
        return common


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one deployment."""

    callbacks: Topic
    facts: Topic
    events: Topic
    ledger: Topic
    outcomes: Topic
    accounts: Topic

    def all(self) -> tuple[Topic, ...]:
        return (
            self.callbacks, self.facts, self.events, self.ledger, self.outcomes, self.accounts,
        )  # fmt: skip

    def by_payment(self) -> tuple[Topic, ...]:
        """Return the topics that must have one partition count: input and outputs of settling."""
        return (self.facts, self.events, self.ledger)


def topics(prefix: str = "payments", *, payment_partitions: int = 12) -> Topics:
    """Return the topics named `<prefix>.<name>.v1`."""
    count = payment_partitions
    month = 35 * DAY_MS

    def topic(
        name: str, partitions: int, cleanup: Literal["delete", "compact"], retention_ms: int,
        purpose: str, key: str, written_by: str,
    ) -> Topic:  # fmt: skip
        full = f"{prefix}.{name}.v1"
        return Topic(full, partitions, cleanup, retention_ms, purpose, key, written_by)

    return Topics(
        callbacks=topic(
            "callbacks", 12, "delete", month, "exact bytes of providers' callbacks", "none",
            "ingress, confirm",
        ),
        facts=topic(
            "facts", count, "delete", month, "what authentic callbacks state", "payment identity",
            "verify",
        ),
        events=topic(
            "events", count, "delete", -1, "facts announced once; read committed",
            "payment identity", "settle",
        ),
        ledger=topic(
            "ledger", count, "compact", -1, "what was announced of each payment",
            "payment identity", "settle",
        ),
        outcomes=topic(
            "outcomes", 4, "delete", -1, "what became of each item", "callback id",
            "verify, settle",
        ),
        accounts=topic(
            "accounts", 1, "delete", -1, "account revisions", "provider/account", "verify",
        ),
    )  # fmt: skip


def partition_for_key(key: bytes, count: int) -> int:
    """Return the partition of a payment, callback or account key: CRC-32 modulo `count`."""
    return crc32(key) % count


def partition_for_callback(provider: str, account: str, turn: int, count: int) -> int:
    """Return the partition of an account's next callback; `turn` counts its callbacks."""
    first = crc32(f"{provider}/{account}".encode())
    return (first + turn % ACCOUNT_PARTITIONS) % count
