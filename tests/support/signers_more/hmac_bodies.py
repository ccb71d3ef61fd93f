"""Signing as those do who sign the raw body with a shared secret, restated from their documents.

`SIGNERS` may say anything that announces something; `THIN` are those whose messages only ask.
"""

import base64
import hmac
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.support.signers import Case, Signed, Signer, Tree, as_is, json_octets, json_tree, secret

Text = Callable[[Case, str, bytes], bytes]
Sign = Callable[[Tree, Case], Signed]


def others(case: Case, *signed: str) -> list[list[str]]:
    """Return the headers of a case without those that are made anew."""
    return [pair for pair in case["request"]["headers"] if pair[0].lower() not in signed]


def body_alone(_case: Case, _stamp: str, body: bytes) -> bytes:
    return body


def stamp_and_body(_case: Case, stamp: str, body: bytes) -> bytes:
    return stamp.encode() + body


def signer(
    header: str,
    *,
    text: Text = body_alone,
    name: str = "sha256",
    form: Callable[[bytes], str] = bytes.hex,
    prefix: str = "",
    key: Callable[[str], bytes] = str.encode,
    stamp: tuple[str, int] | None = None,
) -> Sign:
    """Return a signer of one header; `stamp`: the header of the time, and its ms per unit."""

    def sign(tree: Tree, case: Case) -> Signed:
        body = json_octets(tree)
        time = "" if stamp is None else str(case["received_at_ms"] // stamp[1])
        mac = hmac.new(key(secret(case)), text(case, time, body), name).digest()
        headers = others(case, header.lower(), "" if stamp is None else stamp[0].lower())
        if stamp is not None:
            headers.append([stamp[0], time])
        return [*headers, [header, prefix + form(mac)]], body

    return sign


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


# Paddle: one header holds the time and the MAC.
def sign_paddle(tree: Tree, case: Case) -> Signed:
    body, stamp = json_octets(tree), str(case["received_at_ms"] // 1000)
    mac = hmac.new(secret(case).encode(), f"{stamp}:".encode() + body, "sha256").hexdigest()
    return [*others(case, "paddle-signature"), ["Paddle-Signature", f"ts={stamp};h1={mac}"]], body


# Standard Webhooks: three headers; the key is text or what the text encodes.
def sign_standard(tree: Tree, case: Case) -> Signed:
    body, stamp = json_octets(tree), str(case["received_at_ms"] // 1000)
    settings, text = case["account"]["settings"], secret(case)
    prefix = settings.get("header_prefix", "webhook")
    raw = settings["secret_encoding"] == "raw"
    key = text.encode() if raw else base64.b64decode(text.removeprefix("whsec_"))
    mac = hmac.new(key, f"msg_1.{stamp}.".encode() + body, "sha256").digest()
    names = (f"{prefix}-id", f"{prefix}-timestamp", f"{prefix}-signature")
    values = ("msg_1", stamp, f"v1,{b64(mac)}")
    return [*others(case, *names), *map(list, zip(names, values, strict=True))], body


def square_text(case: Case, _stamp: str, body: bytes) -> bytes:
    url: str = case["account"]["settings"]["notification_url"]
    return url.encode() + body


# NOWPayments: the sorted members, written as JavaScript does. A double that Python writes with an
# exponent is plain there between 1e-6 and 1e21, and its exponent has no leading zero.
def javascript(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    number = float(value)
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        plain = format(Decimal(repr(number)), "f")
        return plain.removesuffix(".0").replace("-0", "0") if number == 0 else plain_number(plain)
    return re.sub(r"(\.0)?e([+-])0*", r"e\2", repr(number))


def plain_number(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def sign_nowpayments(tree: Tree, case: Case) -> Signed:
    members = sorted(tree.items()) if isinstance(tree, dict) else ()
    text = ",".join(f"{javascript(name)}:{javascript(value)}" for name, value in members)
    octets = f"{{{text}}}".encode("utf-8", "surrogatepass")
    mac = hmac.new(secret(case).encode(), octets, "sha512").hexdigest()
    return [["x-nowpayments-sig", mac]], json_octets(tree)


# Tap: labelled values; the amount with all decimals of its currency.
TAP_DECIMALS = {"KWD": 3, "BHD": 3, "OMR": 3, "JPY": 0}


def sign_tap(tree: Tree, case: Case) -> Signed:
    def part(name: str, *path: str) -> str:
        value: Any = tree
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return f"x_{name}{'' if value is None else value}"

    amount = tree.get("amount")
    number = isinstance(amount, int | float)
    decimals = TAP_DECIMALS.get(str(tree.get("currency")), 2)
    shown = f"{amount:.{decimals}f}" if number else ""
    if str(tree.get("id")).startswith("inv_"):
        middle = part("updated", "updated") + part("status", "status") + part("created", "created")
    else:
        middle = (
            part("gateway_reference", "reference", "gateway")
            + part("payment_reference", "reference", "payment")
            + part("status", "status")
            + part("created", "transaction", "created")
        )
    text = part("id", "id") + f"x_amount{shown}" + part("currency", "currency") + middle
    octets = text.encode("utf-8", "surrogatepass")
    mac = hmac.new(secret(case).encode(), octets, "sha256").hexdigest()
    return [["hashstring", mac]], json_octets(tree)


def raw(sign: Sign) -> Signer:
    return Signer(json_tree, sign, as_is)


def dotted(_case: Case, stamp: str, body: bytes) -> bytes:
    return stamp.encode() + b"." + body


def revolut_text(_case: Case, stamp: str, body: bytes) -> bytes:
    return b"v1." + stamp.encode() + b"." + body


SIGNERS = {
    "airwallex": raw(signer("x-signature", text=stamp_and_body, stamp=("x-timestamp", 1))),
    "authorize-net": raw(signer("X-ANET-Signature", name="sha512", prefix="sha512=")),
    "btcpay": raw(signer("BTCPay-Sig", prefix="sha256=")),
    "cashfree": raw(
        signer(
            "x-webhook-signature", text=stamp_and_body, form=b64, stamp=("x-webhook-timestamp", 1)
        )
    ),
    "checkout": raw(signer("Cko-Signature")),
    "coinbase-commerce": raw(signer("X-CC-Webhook-Signature")),
    "flutterwave": raw(signer("flutterwave-signature", form=b64)),
    "lemon-squeezy": raw(signer("X-Signature")),
    "nowpayments": Signer(json_tree, sign_nowpayments, as_is),
    "omise": raw(
        signer(
            "Omise-Signature",
            text=dotted,
            key=base64.b64decode,
            stamp=("Omise-Signature-Timestamp", 1000),
        )
    ),
    "paddle": raw(sign_paddle),
    "paystack": raw(signer("x-paystack-signature", name="sha512")),
    "paytabs": raw(signer("Signature")),
    "polar": raw(sign_standard),
    "quickpay": raw(signer("QuickPay-Checksum-Sha256")),
    "razorpay": raw(signer("X-Razorpay-Signature")),
    "shopify": raw(signer("X-Shopify-Hmac-Sha256", form=b64)),
    "square": raw(signer("x-square-hmacsha256-signature", text=square_text, form=b64)),
    "tap": Signer(json_tree, sign_tap, as_is),
}
THIN = {
    "gocardless": raw(signer("Webhook-Signature")),
    "revolut-merchant": raw(
        signer(
            "Revolut-Signature",
            text=revolut_text,
            prefix="v1=",
            stamp=("Revolut-Request-Timestamp", 1),
        )
    ),
    "standard-webhooks": raw(sign_standard),
}
SIGNS_RAW_BYTES = tuple(name for name in SIGNERS if name not in ("nowpayments", "tap"))
