"""Every provider's cases, sent over the wire to an account that replies when verified."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from processors.account import Account
from processors.contract import Provider, ReplyWhen
from processors.registry import PROVIDERS
from processors.vectors import case_account, case_callback, verdict_of
from processors.verdict import judge
from schemas.callback import Callback
from schemas.record import Position
from tests.support.ingress_parts import Ingress, ingress
from tests.support.raw_http import Wire, request

VECTORS = Path(__file__).parents[1] / "vectors"
POSITION = Position("vectors", 0, 0)
# What our sender says itself, since it frames the body.
FRAMING = frozenset(("content-length", "transfer-encoding", "connection", "expect"))
# Characters that HTTP does not carry in a target or a header.
UNSENDABLE = frozenset(map(chr, range(0x20))) | {"\x7f"}


class OneAccount:
    """The account of the case at hand."""

    def __init__(self) -> None:
        self.providers: Mapping[str, Provider[Any]] = PROVIDERS
        self.account: Account | None = None

    def get(self, provider: str, name: str) -> Account | None:
        return self.account

    def reply_when(self, provider: str, name: str) -> ReplyWhen:
        return "verified"


def sendable(callback: Callback) -> bool:
    """Return whether a client could send the request as the case states it."""
    head = [callback.target, *(text for pair in callback.headers for text in pair)]
    return (
        callback.target.isascii()
        and " " not in callback.target
        and not any(UNSENDABLE & set(text) for text in head)
        and all(value == value.strip() for _, value in callback.headers)
        and not any(name.lower() in FRAMING for name, _ in callback.headers)
    )


async def send(running: Ingress, wire: Wire, callback: Callback) -> int:
    running.clock.ms = callback.received_at_ms
    without_body = callback.method == "GET" and not callback.body
    await wire.send(
        request(
            callback.target,
            None if without_body else callback.body,
            method=callback.method,
            headers=callback.headers,
        )
    )
    return (await wire.answer()).status


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_reply_follows_the_verdict_and_the_record_gives_the_same_verdict(
    provider: str,
) -> None:
    document = json.loads((VECTORS / f"{provider}.json").read_text())
    accounts = OneAccount()
    sent = 0
    async with ingress(accounts=accounts, failing_burst=1e9) as running:
        for case in document["cases"]:
            accounts.account = case_account(PROVIDERS[provider], case["account"])
            callback = case_callback(provider, accounts.account.name, case)
            if not sendable(callback) or callback.method not in PROVIDERS[provider].methods:
                continue
            judgement = judge(callback, POSITION, PROVIDERS[provider], accounts.account)
            verdict, reason = verdict_of(judgement)
            good = verdict == "accepted" or reason == "unknown_meaning"
            async with await Wire.open(running.address) as wire:
                status = await send(running, wire, callback)
            assert (200 <= status < 300) == good, case["name"]
            stored = running.log.callbacks()[-1]
            assert (stored.body, stored.target) == (callback.body, callback.target)
            again = judge(stored, POSITION, PROVIDERS[provider], accounts.account)
            assert verdict_of(again) == (verdict, reason), case["name"]
            sent += 1
    assert len(running.log.callbacks()) == sent
    assert sent > len(document["cases"]) / 2


async def test_genuine_stripe_callback_of_300_kib_is_accepted() -> None:
    """Fifty metadata values of 500 characters and a description as long as they come."""
    document = json.loads((VECTORS / "stripe.json").read_text())
    case = next(c for c in document["cases"] if _is_payment(c))
    accounts = OneAccount()
    accounts.account = case_account(PROVIDERS["stripe"], case["account"])
    small = case_callback("stripe", accounts.account.name, case)
    event = json.loads(small.body)
    intent = event["data"]["object"]
    intent["metadata"] = {f"key_{number}": "v" * 500 for number in range(50)}
    intent["description"] = "订" * (90 * 1024)
    body = json.dumps(event, ensure_ascii=False, indent=2).encode()
    assert 290 * 1024 < len(body) < 310 * 1024
    stamp = str(small.received_at_ms // 1000)
    secret = case["account"]["keys"][0]["text"].encode()
    digest = hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = [("Stripe-Signature", f"t={stamp},v1={digest}")]
    async with ingress(accounts=accounts) as running:
        running.clock.ms = small.received_at_ms
        async with await Wire.open(running.address) as wire:
            await wire.send(request(small.target, body, headers=headers))
            assert (await wire.answer()).status == 200
        (stored,) = running.log.callbacks()
    assert judge(stored, POSITION, PROVIDERS["stripe"], accounts.account).facts


def _is_payment(case: Mapping[str, Any]) -> bool:
    events = case["expect"].get("events") or [{}]
    body = base64.b64decode(case["request"]["body_base64"])
    return (
        events[0].get("type") == "PaymentSucceeded"
        and b"payment_intent.succeeded" in body
        and len(case["account"]["keys"]) == 1
    )
