"""Fetched records by whole batches, without an object of the library's for each.

A restore reads millions of them and wants key, value and offset: the library's record, with its
headers and times, costs more than all the rest of the work. What is read of the library's private
parts is what its own iterator reads, at the one place where it hands over a fetched answer.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult
from aiokafka.errors import CorruptRecordException

from streams.log import Entry


def fetch_by_batch(consumer: AIOKafkaConsumer) -> None:
    """Let a started consumer, to which nothing is assigned yet, fetch batches for records."""
    consumer._fetcher._records = _Answers()


def entries_of(found: Any) -> list[Entry]:
    """Return what one thing that was fetched holds: a batch, or the library's record."""
    return found if isinstance(found, list) else [(found.offset, found.key, found.value)]


class _Answers(OrderedDict[Any, Any]):
    """The fetched answers by partition; each goes through here once."""

    def __setitem__(self, where: Any, answer: Any) -> None:
        if isinstance(answer, FetchResult):
            found = answer._partition_records
            found._records_iterator = _batches(found)
        super().__setitem__(where, answer)


def _batches(found: Any) -> Iterator[list[Entry]]:
    """Yield the entries of each batch, as the library would its records.

    Control records and what was aborted are left out, and the position moves past them.
    """
    records = found._records
    while records.has_next():
        batch = records.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException("a batch whose checksum is wrong")
        if found._isolation_level == READ_COMMITTED and _is_aborted(found, batch):
            found.next_fetch_offset = batch.next_offset
            continue
        # A fetch begins with the whole batch in which its offset lies.
        first = found.next_fetch_offset
        found.next_fetch_offset = batch.next_offset
        if not batch.is_control_batch:
            entries = [(each.offset, each.key, each.value) for each in batch]
            if entries and entries[0][0] < first:
                entries = [entry for entry in entries if entry[0] >= first]
            if entries:
                yield entries


def _is_aborted(found: Any, batch: Any) -> bool:
    found._consume_aborted_up_to(batch.base_offset)
    if batch.is_control_batch and found._contains_abort_marker(batch):
        found._aborted_producers.discard(batch.producer_id)
    return bool(batch.is_transactional) and batch.producer_id in found._aborted_producers
