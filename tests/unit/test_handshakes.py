"""Challenges that are answered and not stored: what is answered is a signature of ours."""

import pytest

from processors.account import Account
from processors.keys import Key, Secret
from processors.providers import braintree
from schemas.callback import Callback

AT_MS = 1_714_979_295_000
CHALLENGE = "20f9f8ed05f77439fe955c977e4c8a53"
PUBLISHED = b"integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4"


def account(not_after_ms: int | None = None) -> Account:
    key = Key(
        kid="integration_public_key",
        use="verify",
        kind="secret",
        material=Secret(b"integration_private_key"),
        not_after_ms=not_after_ms,
    )
    return Account(
        provider="braintree",
        name="shop",
        mode="live",
        ledger="shop",
        settings={"currency": "USD"},
        keys=(key,),
        revision="1",
    )


def asked(query: str, method: str = "GET") -> Callback:
    return Callback(
        id="00000000-0000-7000-8000-000000000000",
        provider="braintree",
        account="shop",
        received_at_ms=AT_MS,
        method=method,
        target=f"/v1/callbacks/braintree/shop?{query}",
        headers=(),
        body=b"",
    )


@pytest.mark.parametrize("query", [f"bt_challenge={CHALLENGE}", f"a=1&bt_challenge={CHALLENGE}"])
def test_braintree_is_answered_as_its_documents_say(query: str) -> None:
    reply = braintree.handshake(asked(query), account())
    assert reply is not None
    assert (reply.status, reply.body) == (200, PUBLISHED)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "bt_challenge=",
        f"bt_challenge={CHALLENGE}0",
        f"bt_challenge={CHALLENGE[:19]}",
        f"bt_challenge={CHALLENGE.upper()}",
        f"bt_challenge={CHALLENGE[:20]}%0A",
        f"xbt_challenge={CHALLENGE}",
        "bt_challenge=PG5vdGlmaWNhdGlvbj48L25v",
    ],
)
def test_braintree_signs_nothing_but_a_challenge(query: str) -> None:
    assert braintree.handshake(asked(query), account()) is None


def test_braintree_signs_no_body_and_with_no_key_out_of_force() -> None:
    assert braintree.handshake(asked(f"bt_challenge={CHALLENGE}", "POST"), account()) is None
    assert braintree.handshake(asked(f"bt_challenge={CHALLENGE}"), account(AT_MS)) is None
