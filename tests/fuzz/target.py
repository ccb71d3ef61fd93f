"""What is tried with the bytes of a fuzzer, and what must hold whatever they are.

An attempt is a known case of a provider with its message replaced, in one of four ways. Nothing
may escape but what the stage knows, nothing may be announced that was not proven, and whatever is
stated has to be written, read back and settled.
"""

import base64
import json
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final

from processors.account import Account
from processors.contract import Receipt
from processors.registry import PROVIDERS
from processors.vectors import BadCase, case_account, case_callback, settled_events
from processors.verdict import judge
from schemas.event import event_draft
from schemas.fact import decode_fact
from schemas.topics import FACT_BYTES_MAX
from tests.fuzz.open_proofs import proofs_stand_open
from tests.support.cases import (
    LETTER_CASE_UNPROVEN,
    POSITION,
    Case,
    Trial,
    announcing,
    cases_of,
    folded,
    trial,
)
from tests.support.signers import SIGNERS, SIGNS_RAW_BYTES, body_of, resigned

# Without a new proof: another body, other headers. With one: signed anew, or any proof believed.
BODY, HEADERS, SIGNED, BELIEVED = WAYS = ("body", "headers", "signed", "believed")
SELECTOR_BYTES: Final = 5
BETWEEN: Final = b"\n"


@dataclass(frozen=True)
class Attempt:
    """One message: the case that it is made of, the way, and the bytes."""

    provider: str
    case: str
    way: str
    payload: bytes

    @classmethod
    def of(cls, octets: bytes) -> "Attempt":
        """Return what a fuzzer's bytes mean; all bytes mean something."""
        selectors, places = _places()
        name, case = places[bisect_left(selectors, octets[:4]) % len(places)]
        way = WAYS[(octets[4:5] or b"\0")[0] % len(WAYS)]
        return cls(name, case, way, octets[SELECTOR_BYTES:])

    @property
    def octets(self) -> bytes:
        """The bytes that mean this attempt."""
        selector = _selector(self.provider, self.case)
        return selector + bytes([WAYS.index(self.way)]) + self.payload

    def told(self) -> dict[str, Any]:
        """Return it as a finding is kept."""
        members = asdict(self)
        members["payload"] = base64.b64encode(self.payload).decode()
        return members

    def run(self) -> None:
        """Try it.

        Raises:
            AssertionError: a promise is broken. Whatever else comes out is a fault as well.
        """
        if self.way == SIGNED:
            self._run_signed()
            return
        whole = _trial(self.provider, self.case)
        if self.way == BELIEVED:
            with proofs_stand_open():
                holds(whole.with_body(self.payload))
        else:
            before = holds(whole)
            assert holds(self._changed(whole)) <= before, "announces what was not proven"

    def _changed(self, whole: Trial) -> Trial:
        if self.way == BODY:
            return whole.with_body(self.payload)
        values = [each.decode("latin-1") for each in self.payload.split(BETWEEN)]
        names = [name for name, _ in whole.callback.headers]
        return whole.with_headers(list(zip(names, values, strict=False)))

    def _run_signed(self) -> None:
        if self.provider not in SIGNERS:
            return
        message: Any = self.payload
        if self.provider not in SIGNS_RAW_BYTES:
            try:
                message = json.loads(self.payload)
            except (ValueError, RecursionError):
                return
            if not isinstance(message, dict):
                return
        try:
            signed = resigned(self.provider, _case(self.provider, self.case), message)
        except Exception:  # noqa: BLE001 - the signers of the tests need not sign everything
            return
        account = _signed_account(self.provider, self.case)
        callback = case_callback(self.provider, account.name, signed)
        holds(Trial(PROVIDERS[self.provider], account, callback))


def seeds() -> Iterator[Attempt]:
    """Yield where a fuzzer starts: every case believed, and those that announce in every way."""
    known = set(_places()[1])
    for name in PROVIDERS:
        for case in cases_of(name):
            if (name, case["name"]) in known:
                yield Attempt(name, case["name"], BELIEVED, body_of(case))
        for case in announcing(name, 4):
            headers = BETWEEN.join(v.encode("latin-1") for _, v in case["request"]["headers"])
            yield Attempt(name, case["name"], BODY, body_of(case))
            yield Attempt(name, case["name"], HEADERS, headers)
            if name in SIGNERS:
                tree = SIGNERS[name].tree(case)
                yield Attempt(name, case["name"], SIGNED, json.dumps(tree).encode())


def holds(whole: Trial) -> frozenset[tuple[Any, ...]]:
    """Judge, write, settle and answer; return what the facts state of money and identity."""
    provider, account = whole.provider, whole.account
    judgement = judge(whole.callback, POSITION, provider, account)
    for record, octets in judgement.facts:
        assert len(octets) <= FACT_BYTES_MAX
        assert decode_fact(octets) == record
    for event in settled_events(judgement):
        event_draft(event, topic="events", partition=0, deployment="fuzz")
    for receipt in (Receipt(200, judgement.proven or None), Receipt(401)):
        provider.reply(whole.callback, receipt, account.as_of(whole.callback.received_at_ms))
    folds = provider.name in LETTER_CASE_UNPROVEN
    return frozenset(
        (
            each.type, each.payment_id, folded(each.merchant_order_id, folds), each.capture_id,
            each.authorization_id, each.attempt_id, each.refund_id, each.dispute_id,
            each.amount, each.refunded_total,
        )
        for record, _ in judgement.facts
        for each in (record.fact,)
    )  # fmt: skip


@cache
def _case(name: str, case: str) -> Case:
    return next(each for each in cases_of(name) if each["name"] == case)


@cache
def _trial(name: str, case: str) -> Trial:
    return trial(name, _case(name, case))


@cache
def _signed_account(name: str, case: str) -> Account:
    """Return the case's account with our own key, which signs anew."""
    held = SIGNERS[name].held(_case(name, case))
    return case_account(PROVIDERS[name], held)


@cache
def _places() -> tuple[tuple[bytes, ...], tuple[tuple[str, str], ...]]:
    """Return selectors in order, each with the case that it selects.

    By digest and not by place, so that a corpus outlives cases that are added.
    """
    found = {}
    for name in PROVIDERS:
        for case in cases_of(name):
            try:
                trial(name, case)
            except BadCase:
                continue  # Its account is not to load: nothing to send to.
            found[_selector(name, case["name"])] = (name, case["name"])
    ordered = sorted(found)
    return tuple(ordered), tuple(found[each] for each in ordered)


def _selector(name: str, case: str) -> bytes:
    return zlib.crc32(f"{name}/{case}".encode()).to_bytes(4, "big")
