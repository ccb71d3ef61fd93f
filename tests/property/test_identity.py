"""Identity: other parts, other keys and ids; nothing moves from one part into the next."""

import hashlib
from urllib.parse import unquote
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import (
    EVENT_NAMESPACE,
    digest_id,
    dispute_key,
    event_id,
    order_key,
    payment_key,
    refund_key,
)

TEXT = st.text(max_size=20)
PART = st.none() | TEXT
Parts = tuple[str, str, str, str | None, str | None]
PARTS = st.tuples(TEXT, TEXT, TEXT, PART, PART)


@given(parts=PARTS)
def test_event_id_is_a_uuid5_over_length_prefixed_parts(parts: Parts) -> None:
    octets = b""
    for part in parts:
        encoded = (part or "").encode()
        octets += len(encoded).to_bytes(4, "big") + encoded
    # The library takes text: Latin-1 would be encoded again, so the digest is made here.
    digest = hashlib.sha1(EVENT_NAMESPACE.bytes + octets, usedforsecurity=False).digest()
    assert event_id(*parts) == str(UUID(bytes=digest[:16], version=5))


def test_event_id_agrees_with_the_library_on_ascii() -> None:
    name = "".join(f"\x00\x00\x00{chr(len(part))}{part}" for part in ("p", "l", "T", "1", ""))
    assert event_id("p", "l", "T", "1", None) == str(uuid5(EVENT_NAMESPACE, name))


def known(parts: Parts) -> tuple[str, ...]:
    return tuple(part or "" for part in parts)


@given(first=PARTS, second=PARTS)
def test_other_parts_make_another_event(first: Parts, second: Parts) -> None:
    assert (event_id(*first) == event_id(*second)) == (known(first) == known(second))


@given(text=st.text(min_size=2, max_size=20), cut=st.integers(0, 20))
def test_moving_text_from_one_part_to_the_next_makes_another_event(text: str, cut: int) -> None:
    moved = event_id("p", "l", "T", text[:cut], text[cut:])
    assert (moved == event_id("p", "l", "T", text, "")) == (text[cut:] == "")


@given(provider=TEXT, ledger=TEXT, payment=TEXT)
def test_key_reads_back_into_its_three_parts(provider: str, ledger: str, payment: str) -> None:
    parts = payment_key(provider, ledger, payment).decode("ascii").split("/")
    assert [unquote(part) for part in parts] == [provider, ledger, payment]


@given(ledger=TEXT, number=TEXT)
def test_payments_orders_refunds_and_disputes_never_share_a_key(ledger: str, number: str) -> None:
    keys = {
        order_key("p", ledger, number),
        refund_key("p", ledger, number),
        dispute_key("p", ledger, number),
        payment_key("p", ledger, number),
        payment_key("p", ledger, f"order:{number}"),
        payment_key("p", ledger, f"refund:{number}"),
        payment_key("p", ledger, f"dispute:{number}"),
    }
    assert len(keys) == 7


@given(first=st.lists(TEXT, max_size=4), second=st.lists(TEXT, max_size=4))
def test_digest_of_other_fields_is_another(first: list[str], second: list[str]) -> None:
    assert (digest_id(first) == digest_id(second)) == (first == second)
