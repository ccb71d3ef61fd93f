"""Signing recipes that several providers share, each restated from their documents.

Content may be anything that JSON can hold, bytes as they are included, so that tests can have
authentic nonsense signed.
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from streams.simulate.keys import AccountForm, AccountKeys, KeyForm, private_key
from streams.simulate.messages import Content, Headers, Ids, Payment, Signed

Sign = Callable[[Content, AccountKeys, str, int], Signed]
Text = Callable[[AccountKeys, str, bytes], bytes]
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def octets(text: str) -> bytes:
    """Return UTF-8, lone surrogates as they are."""
    return text.encode("utf-8", "surrogatepass")


def plain(value: Any) -> str:
    """Return text as it stands and anything else as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def json_octets(content: Any) -> bytes:
    """Return JSON; bytes stand for themselves."""
    if isinstance(content, bytes):
        return content
    return octets(json.dumps(content, ensure_ascii=False))


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def b64url(content: bytes) -> str:
    """Return URL-safe Base64 without its ending."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def hs256(header: Any, content: Any, secret: str) -> str:
    """Return a compact JWS; the key is the secret as text."""
    text = f"{b64url(json_octets(header))}.{b64url(json_octets(content))}"
    return f"{text}.{b64url(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"


def rsa(keys: AccountKeys, text: bytes, name: str = "sha256") -> str:
    """Return a Base64 signature, PKCS #1 1.5, by the provider's key."""
    key = private_key(keys.signing().private_pem or "")
    return b64(key.sign(text, PKCS1v15(), SHA1() if name == "sha1" else SHA256()))


def form(fields: Mapping[str, Any]) -> bytes:
    """Return a form in the order of its fields."""
    return "&".join(
        f"{quote(octets(name), safe='')}={quote_plus(octets(plain(value)))}"
        for name, value in fields.items()
    ).encode()


def sorted_pairs(fields: Mapping[str, Any], *without: str) -> bytes:
    """Return `name=value` joined by `&`, sorted by name, nothing empty."""
    pairs = sorted((octets(n), octets(plain(v))) for n, v in fields.items() if n not in without)
    return b"&".join(name + b"=" + value for name, value in pairs if value)


def body_alone(keys: AccountKeys, stamp: str, body: bytes) -> bytes:
    return body


def stamp_and_body(keys: AccountKeys, stamp: str, body: bytes) -> bytes:
    return stamp.encode() + body


def dotted(keys: AccountKeys, stamp: str, body: bytes) -> bytes:
    return stamp.encode() + b"." + body


def body_mac(
    header: str, *, text: Text = body_alone, name: str = "sha256",
    written: Callable[[bytes], str] = bytes.hex, prefix: str = "",
    key: Callable[[str], bytes] = str.encode, stamp: tuple[str, int] | None = None,
) -> Sign:  # fmt: skip
    """Return a signer of JSON bodies with a MAC in one header.

    `stamp`: the header of the time of sending, and its milliseconds per unit.
    """

    def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
        body = json_octets(content)
        time = "" if stamp is None else str(now_ms // stamp[1])
        mac = hmac.digest(key(keys.secret("verify")), text(keys, time, body), name)
        times: Headers = () if stamp is None else ((stamp[0], time),)
        return Signed((JSON, *times, (header, prefix + written(mac))), body)

    return sign


def body_rsa(header: str) -> Sign:
    """Return a signer of JSON bodies with an RSA signature in one header."""

    def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
        body = json_octets(content)
        return Signed((JSON, (header, rsa(keys, body))), body)

    return sign


def coded(prefix: str, count: int) -> Callable[[Ids, int], str]:
    """Return a maker of ids: a prefix and digits and letters."""
    return lambda ids, ms: prefix + ids.mixed(count)


def numbered(count: int) -> Callable[[Ids, int], str]:
    """Return a maker of ids of so many digits, no zero in front."""
    return lambda ids, ms: str(ids.between(1, 9)) + ids.digits(count - 1)


def says(body: bytes) -> Callable[[int, bytes], bool]:
    """Return what a provider takes for success that wants 200 and this very body."""
    return lambda status, answer: status == 200 and answer == body


def exactly_200(status: int, body: bytes) -> bool:
    return status == 200


def number(minor: int, decimals: int = 2) -> float | int:
    """Return an amount as a JSON number in major units."""
    major = minor / 10**decimals
    return int(major) if major.is_integer() else major


def iso(ms: int, pattern: str = "%Y-%m-%dT%H:%M:%S") -> str:
    """Return the wall time of UTC."""
    return datetime.fromtimestamp(ms // 1000, tz=UTC).strftime(pattern)


def shared(settings: Mapping[str, str] | None = None, text: str = "{hex_32}") -> AccountForm:
    """Return the form of an account with one secret that both sides know."""
    return AccountForm(settings or {}, (KeyForm("verify", "secret", text),))


def public(settings: Mapping[str, str] | None = None, kid: str = "1") -> AccountForm:
    """Return the form of an account that holds the provider's public RSA key."""
    return AccountForm(settings or {}, (KeyForm("verify", "public-key", "rsa", kid),))


def raised(before: str) -> Callable[[bytes, Payment], bytes]:
    """Return a change of a signed body: a digit in front of the amount behind `before`."""

    def tampered(body: bytes, payment: Payment) -> bytes:
        return body.replace(before.encode(), before.encode() + b"1")

    return tampered
