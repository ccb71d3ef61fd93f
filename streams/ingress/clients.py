"""Who called: the socket's address, or the one that a proxy of ours names, and its network."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

IPNetwork = IPv4Network | IPv6Network
_V4_BITS: Final = 24
_V6_BITS: Final = 64
ADDRESSES_REMEMBERED: Final = 8_192


class Clients:
    """Decides the client of a request.

    Only a peer inside `trusted` may name another one, by X-Forwarded-For, read from the right:
    what stands left of the first address that is not ours was written by a stranger.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted: tuple[IPNetwork, ...] = tuple(ip_network(text) for text in trusted)
        self._is_trusted = lru_cache(ADDRESSES_REMEMBERED)(self._lies_inside)

    def client(self, peer: str, headers: Sequence[tuple[str, str]]) -> str:
        """Return the client's address; `peer` where nothing trusted says otherwise."""
        if not self._trusted or not self._is_trusted(peer):
            return peer
        client = peer
        for text in reversed(_forwarded(headers)):
            address = _plain(text)
            if address is None:
                break
            client = address
            if not self._is_trusted(address):
                break
        return client

    def _lies_inside(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._trusted)


@lru_cache(ADDRESSES_REMEMBERED)
def network(address: str) -> str:
    """Return the /24 or /64 that an address lies in; the text itself where it is none."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    bits = _V4_BITS if isinstance(parsed, IPv4Address) else _V6_BITS
    return str(ip_network((parsed, bits), strict=False))


def _forwarded(headers: Sequence[tuple[str, str]]) -> list[str]:
    return [
        part
        for name, value in headers
        if len(name) == 15 and name.lower() == "x-forwarded-for"
        for part in value.split(",")
    ]


def _plain(text: str) -> str | None:
    """Return the address of an entry that may carry a port, or None."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    parsed = _parsed(text)
    return None if parsed is None else str(parsed)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A client seen through a dual-stack socket is one client, not a /64 of all of them.
    return (isinstance(parsed, IPv6Address) and parsed.ipv4_mapped) or parsed
