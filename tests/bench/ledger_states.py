"""States of made-up payments, and what a process takes to hold them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from schemas.ledger import Announced, LedgerState, encode_ledger

# Odd, so that multiplying by it modulo 2**64 visits each number once, in no order.
_SCATTER: Final = 0x9E3779B97F4A7C15
_ORDER: Final = b"A-20261124-0000"
_BEGUN_MS: Final = 1_790_000_000_000


def states(number: int, first: int = 0, step: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and states of payments `first`, `first + step`, ... below `number`."""
    entry = Announced(
        "0f2f5f6f-9ad5-4bd0-a6f5-b9d5b8f4c1d2", "PaymentSucceeded", None, 12_800, "CNY", None,
        _ORDER.decode(), _BEGUN_MS, "0193560a-1d2c-7a3b-9d40-000000000000", 0,
    )  # fmt: skip
    before, after = encode_ledger(LedgerState(1, 0, _BEGUN_MS, (entry,), _BEGUN_MS)).split(_ORDER)
    for n in range(first, number, step):
        yield b"stripe/bench/pi_%016x" % (n * _SCATTER % 2**64), before + b"%08d" % n + after


def anon_mb() -> float:
    """Return what this process holds that no file stands behind."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def disk_mb(folder: Path) -> float:
    """Return what the files below a folder take; they are sparse."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*.mdb")) / 1024**2
