"""The ledger of a partition as settle holds it: stores, and how they are restored.

A store is a cache of the ledger topic, itself a cache of the events. It is never what fences:
correctness comes from Kafka, and a store that does not agree with the topic is wiped.
"""

from streams.ledger.disk import DiskStore
from streams.ledger.restore import Restoring, ledger_draft
from streams.ledger.slots import DiskStores
from streams.ledger.store import MemoryStore, MemoryStores, Store, Stores

__all__ = [
    "DiskStore",
    "DiskStores",
    "MemoryStore",
    "MemoryStores",
    "Restoring",
    "Store",
    "Stores",
    "ledger_draft",
]
