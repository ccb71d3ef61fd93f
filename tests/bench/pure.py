"""CPU of the pure parts: the bare RSA verification, judging, and a stage's decisions."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from prometheus_client import CollectorRegistry

from processors.verdict import judge
from schemas.record import Position, Record
from schemas.topics import topics
from streams.collector import tend_garbage
from streams.metrics import StageMetrics
from streams.verify import Judging
from tests.bench.callbacks import book_of, callback_drafts, received, sent_by

REPEATS: Final = 7
_POSITION: Final = Position("payments.callbacks.v1", 3, 41_337)


def median_us(run: Callable[[], int]) -> float:
    """Return the median CPU in us of one unit; `run` does some and returns how many."""
    tend_garbage()
    figures = []
    for _ in range(REPEATS):
        started_s = time.process_time()
        units = run()
        figures.append((time.process_time() - started_s) * 1e6 / units)
    return median(figures)


def bare_rsa_us() -> float:
    """Return what `cryptography` takes for one RSA-2048 SHA-256 verification of 1 KB."""
    private = generate_private_key(public_exponent=65537, key_size=2048)
    octets, padding, algorithm = b"x" * 1000, PKCS1v15(), SHA256()
    signature = private.sign(octets, padding, algorithm)
    verify = private.public_key().verify

    def run() -> int:
        for _ in range(2_000):
            verify(signature, octets, padding, algorithm)
        return 2_000

    return median_us(run)


def judge_us(folder: Path, provider: str) -> float:
    """Return what `judge` takes for a payment's callback, the encoded fact included."""
    book = book_of(folder)
    found = book.providers[provider]
    pairs = []
    for callback in received(sent_by(folder, provider)[:1_000]):
        account = book.get(provider, callback.account)
        assert account is not None
        pairs.append((callback, account))

    def run() -> int:
        for callback, account in pairs:
            # As it comes from a record: without the index that a first judging leaves behind.
            callback._index.clear()
            assert judge(callback, _POSITION, found, account).facts
        return len(pairs)

    return median_us(run)


def decide_us(folder: Path, provider: str) -> float:
    """Return what the verify stage takes from a record to its drafts, without any log."""
    book, all_topics = book_of(folder), topics()
    judging = Judging(book, all_topics, StageMetrics(CollectorRegistry()))
    records = [
        Record(d.topic, d.partition, n, 0, d.key, d.value, d.headers)
        for n, d in enumerate(
            callback_drafts(received(sent_by(folder, provider)[:1_000]), all_topics)
        )
    ]

    def run() -> int:
        for record in records:
            assert len(judging.drafts(record)) == 1
        return len(records)

    return median_us(run)
