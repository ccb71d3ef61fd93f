"""Which id is the payment, and which id is the event. Wire contract: goldens, never edited."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote
from uuid import UUID

EVENT_NAMESPACE: Final = UUID("5bf50970-239c-52b3-9bb1-66a8a72d20b3")
PREFIXES_MAX: Final = 4_096  # remembered at a time; more accounts are only slower
_NAMESPACE_OCTETS: Final = EVENT_NAMESPACE.bytes
_VARIANTS: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9_.~-]+", re.ASCII)


def payment_key(provider: str, ledger: str, payment_id: str) -> bytes:
    """Return a payment's record key `provider/ledger/payment_id`, parts percent-encoded."""
    return _key(provider, ledger, _part(payment_id))


def order_key(provider: str, ledger: str, order_number: str) -> bytes:
    """Return the key of a failure or closing that names only the merchant's order."""
    return _key(provider, ledger, f"order:{_part(order_number)}")


def refund_key(provider: str, ledger: str, refund_id: str) -> bytes:
    """Return the key of a refund that names no payment."""
    return _key(provider, ledger, f"refund:{_part(refund_id)}")


def dispute_key(provider: str, ledger: str, dispute_id: str) -> bytes:
    """Return the key of a dispute that names no payment."""
    return _key(provider, ledger, f"dispute:{_part(dispute_id)}")


def order_part(order_number: str, attempt_id: str | None) -> str:
    """Return the part id of a failure or closing that names no payment.

    Without the order's number in it, those of two orders would have one event identity.
    """
    order = f"order:{_part(order_number)}"
    return order if attempt_id is None else f"{order}:{attempt_id}"


def event_id(
    provider: str, ledger: str, event_type: str, payment_id: str | None, part_id: str | None
) -> str:
    """Return `ce_id`: UUIDv5 over the length-prefixed parts; null has length 0."""
    digest = _begun(provider, ledger, event_type).copy()
    digest.update(_prefixed(payment_id) + _prefixed(part_id))
    text = digest.hexdigest()
    # RFC 9562: the version in the thirteenth digit, the variant in the top bits of the 17th.
    variant = _VARIANTS[text[16]]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


@lru_cache(maxsize=PREFIXES_MAX)
def _begun(provider: str, ledger: str, event_type: str) -> "hashlib._Hash":
    octets = b"".join(map(_prefixed, (provider, ledger, event_type)))
    return hashlib.sha1(_NAMESPACE_OCTETS + octets, usedforsecurity=False)


def _prefixed(part: str | None) -> bytes:
    octets = b"" if part is None else part.encode()
    return len(octets).to_bytes(4, "big") + octets


def digest_id(fields: Sequence[str]) -> str:
    """Return a refund id made of signed fields: hex SHA-256, each field length-prefixed."""
    digest = hashlib.sha256()
    for field in fields:
        octets = field.encode()
        digest.update(len(octets).to_bytes(4, "big") + octets)
    return digest.hexdigest()


def _part(text: str) -> str:
    # Most ids need no escape, and `quote` costs microseconds.
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="")


@lru_cache(maxsize=PREFIXES_MAX)
def _prefix(provider: str, ledger: str) -> str:
    return f"{_part(provider)}/{_part(ledger)}/"


def _key(provider: str, ledger: str, last: str) -> bytes:
    return (_prefix(provider, ledger) + last).encode()
