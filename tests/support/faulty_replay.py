"""`tillstream` with a planted change or fault, for replays in processes of their own.

    python -m tests.support.faulty_replay COMMAND [ARGUMENTS...]

What is planted stands in FAULT, so that the processes which a replay starts have it as well:
`changed` (Stripe's payments name another order; its refunds another amount), `die-PHASE` (the
first process that writes in this phase kills itself, once), `orphan-PHASE` (it kills the process
that started it, once), `hold-PHASE` (it stays where it is, once), `die-appending` (a process kills
itself between two appends, once), `one-place` (payments are looked for where they lie today).
WISH names a file that is there until the fault has struck.
"""  # fmt: skip

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

FAULT = "FAULT"
WISH = "WISH"


def _strikes() -> bool:
    try:
        Path(os.environ[WISH]).unlink()
    except FileNotFoundError:
        return False
    return True


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _orphan() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    # Going on to work, were it not for the watch on the parent.
    time.sleep(30)


def _hold() -> None:
    time.sleep(30)


def _in_phase(phase: str, strike: Any) -> None:
    from streams.replay.part import Part

    proper = Part.write

    def write(self: Part) -> None:
        proper(self)
        if self.phase == phase and self._done and _strikes():
            strike()

    Part.write = write  # type: ignore[method-assign]


def _die_appending() -> None:
    from streams.kafka.append import KafkaAppender
    from streams.replay import settling

    settling.APPEND_CHUNK = 3  # type: ignore[misc]
    proper = KafkaAppender.append

    async def append(self: KafkaAppender, drafts: Any) -> Any:
        positions = await proper(self, drafts)
        if _strikes():
            _die()
        return positions

    KafkaAppender.append = append  # type: ignore[method-assign]


def _one_place() -> None:
    from streams.replay.plan import Plan

    proper = Plan.spans

    def spans(self: Plan, *arguments: Any) -> Any:
        return proper(replace(self, count=replace(self.count, eras=())), *arguments)

    Plan.spans = spans  # type: ignore[method-assign]


def _changed() -> None:
    from processors.registry import PROVIDERS
    from schemas.money import Money

    proper = PROVIDERS["stripe"]

    def interpret(notice: Any, account: Any) -> Any:
        return tuple(_otherwise(each) for each in proper.interpret(notice, account))

    def _otherwise(fact: Any) -> Any:
        if getattr(fact, "type", None) == "PaymentSucceeded":
            return replace(fact, merchant_order_id="another")
        if getattr(fact, "type", None) == "RefundCompleted":
            amount = Money(fact.amount.minor + 1, fact.amount.currency, fact.amount.exponent)
            return replace(fact, amount=amount)
        return fact

    PROVIDERS["stripe"] = replace(proper, interpret=interpret)


def _plant(fault: str) -> None:
    kind, _, phase = fault.partition("-")
    if fault == "changed":
        _changed()
    elif fault == "die-appending":
        _die_appending()
    elif fault == "one-place":
        _one_place()
    else:
        _in_phase(phase, {"die": _die, "orphan": _orphan, "hold": _hold}[kind])


# Not only in the main process: those that it starts load this file too.
if FAULT in os.environ:
    _plant(os.environ[FAULT])

if __name__ == "__main__":
    from streams.cli import main

    main()
