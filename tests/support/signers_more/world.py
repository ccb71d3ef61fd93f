"""Signing as providers of every other region do, restated from their documents.

`SIGNERS` may say anything that announces something; `THIN` are those whose messages only ask.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support import authority
from tests.support.signers import (
    Case,
    Signed,
    Signer,
    Tree,
    as_is,
    body_of,
    json_octets,
    json_tree,
    plain,
    rsa,
    secret,
    with_keys,
)

JSON = ["Content-Type", "application/json"]
TEXT = ["Content-Type", "text/plain"]
FORM = ["Content-Type", "application/x-www-form-urlencoded"]
NONCE = b"nonce-twelve"


def octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def secrets(case: Case, use: str) -> list[str]:
    return [key["text"] for key in case["account"]["keys"] if key["use"] == use]


# HyperPay and SIBS: everything is sealed; they differ in how octets are written.
def sealed_signer(written: Callable[[bytes], str], read: Callable[[str], bytes]) -> Signer:
    def tree(case: Case) -> Tree:
        headers = dict(case["request"]["headers"])
        nonce = read(headers["X-Initialization-Vector"])
        text = body_of(case).decode()
        wrapped = json.loads(text)["encryptedBody"] if text.startswith("{") else text
        sealed = read(wrapped) + read(headers["X-Authentication-Tag"])
        for key in secrets(case, "decrypt"):
            try:
                found: Tree = json.loads(AESGCM(read(key)).decrypt(nonce, sealed, None))
            except InvalidTag:  # Another key opens it.
                continue
            return found
        raise AssertionError("no key opens it")

    def sign(tree: Tree, case: Case) -> Signed:
        key = read(secrets(case, "decrypt")[0])
        sealed = AESGCM(key).encrypt(NONCE, json_octets(tree), None)
        headers = [
            TEXT,
            ["X-Initialization-Vector", written(NONCE)],
            ["X-Authentication-Tag", written(sealed[-16:])],
        ]
        return headers, written(sealed[:-16]).encode()

    return Signer(tree, sign, as_is)


# iyzico: the secret is key and beginning; ids as JSON writes them.
def sign_iyzico(tree: Tree, case: Case) -> Signed:
    def shown(name: str) -> str:
        value = tree.get(name)
        return "" if value is None else plain(value)

    if "subscriptionReferenceCode" in tree:
        names = ("subscriptionReferenceCode", "orderReferenceCode", "customerReferenceCode")
        before = shown("merchantId")
    else:
        hosted = ("iyziPaymentId", "token") if "token" in tree else ("paymentId",)
        names, before = (*hosted, "paymentConversationId", "status"), ""
    text = before + secret(case) + shown("iyziEventType") + "".join(shown(n) for n in names)
    mac = hmac.new(secret(case).encode(), octets(text), "sha256").hexdigest()
    return [JSON, ["X-IYZ-SIGNATURE-V3", mac]], json_octets(tree)


# GrabPay: five lines of the request.
def sign_grabpay(tree: Tree, case: Case) -> Signed:
    body, settings = json_octets(tree), case["account"]["settings"]
    moment = datetime.fromtimestamp(case.get("signed_ms", case["received_at_ms"]) // 1000, tz=UTC)
    date = format_datetime(moment, usegmt=True)
    path = urlsplit(settings["notification_url"]).path
    digest = b64(hashlib.sha256(body).digest()) if body else ""
    text = f"POST\napplication/json\n{date}\n{path}\n{digest}\n"
    mac = b64(hmac.digest(secret(case).encode(), text.encode(), "sha256"))
    return [JSON, ["Date", date], ["Authorization", f"{settings['partner_id']}:{mac}"]], body


# PagBank: a plain hash with the token in front.
def sign_pagbank(tree: Tree, case: Case) -> Signed:
    body = json_octets(tree)
    digest = hashlib.sha256(secret(case).encode() + b"-" + body).hexdigest()
    return [JSON, ["x-authenticity-token", digest]], body


# Toss Payments: the body, a colon, the time of the header.
def sign_toss(tree: Tree, case: Case) -> Signed:
    body, stamp = json_octets(tree), "2024-09-05T12:19:21+09:00"
    mac = b64(hmac.digest(secret(case).encode(), body + b":" + stamp.encode(), "sha256"))
    return [
        JSON,
        ["tosspayments-webhook-transmission-time", stamp],
        ["tosspayments-webhook-signature", f"v1:{mac}"],
    ], body


# Przelewy24: the members in their order, the key last.
P24_PAYMENT = (
    "merchantId", "posId", "sessionId", "amount", "originAmount", "currency", "orderId",
    "methodId", "statement",
)  # fmt: skip
P24_REFUND = (
    "orderId", "sessionId", "merchantId", "requestId", "refundsUuid", "amount", "currency",
    "timestamp", "status",
)  # fmt: skip
P24_SHORT = (
    "orderId", "sessionId", "refundsUuid", "merchantId", "amount", "currency", "status",
)  # fmt: skip


def sign_przelewy24(tree: Tree, case: Case) -> Signed:
    names = P24_PAYMENT
    if "refundsUuid" in tree:
        names = P24_REFUND if "timestamp" in tree else P24_SHORT
    members = {name: tree.get(name) for name in names} | {"crc": secret(case)}
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    return [JSON], json_octets(tree | {"sign": hashlib.sha384(octets(text)).hexdigest()})


# Forms: names and values as they are told; what is hostile is told as well.
def form_tree(case: Case) -> Tree:
    text = body_of(case).decode("latin-1")
    return dict(parse_qsl(text, keep_blank_values=True, encoding=charset(case)))


def charset(case: Case) -> str:
    latin = case["account"]["settings"].get("charset") == "ISO-8859-1"
    return "latin-1" if latin else "utf-8"


def form(tree: Tree, encode: Callable[[str], bytes] = octets) -> bytes:
    return "&".join(
        f"{quote_plus(octets(name))}={quote_plus(encode(plain(value)))}"
        for name, value in tree.items()
    ).encode()


# ePay: all other values in their order, the key behind them.
def sign_epay(tree: Tree, case: Case) -> Signed:
    rest = {name: value for name, value in tree.items() if name != "hash"}
    text = "".join(plain(value) for value in rest.values()) + secret(case)
    return [], form(rest | {"hash": hashlib.md5(octets(text)).hexdigest()})


# ePDQ: names in capitals, the pass phrase behind every pair.
def sign_epdq(tree: Tree, case: Case) -> Signed:
    def encode(text: str) -> bytes:
        errors = "replace" if charset(case) == "latin-1" else "surrogatepass"
        return text.encode(charset(case), errors)

    rest = {name: value for name, value in tree.items() if name.upper() != "SHASIGN"}
    pairs = sorted((octets(n.upper()), encode(plain(v))) for n, v in rest.items() if plain(v))
    text = b"".join(n + b"=" + v + secret(case).encode() for n, v in pairs if n != b"OWN")
    name = case["account"]["settings"]["hash"].replace("-", "").lower()
    digest = hashlib.new(name, text).hexdigest().upper()
    return [FORM], form(rest | {"SHASIGN": digest}, encode)


# Computop: a form in Blowfish, five of its fields under a MAC.
def tree_computop(case: Case) -> Tree:
    outer = form_tree(case)
    for key in secrets(case, "decrypt"):
        decryptor = Cipher(Blowfish(key.encode()), ECB()).decryptor()
        opened = decryptor.update(bytes.fromhex(outer["Data"]))[: int(outer["Len"])]
        if b"&" in opened and opened.isascii():
            pairs = (part.partition("=") for part in opened.decode().split("&"))
            return {name: value for name, _, value in pairs if name.lower() != "mac"}
    raise AssertionError("no key opens it")


def sign_computop(tree: Tree, case: Case) -> Signed:
    small = {name.lower(): plain(value) for name, value in tree.items()}
    text = "*".join(small.get(n, "") for n in ("payid", "transid", "mid", "status", "code"))
    mac = hmac.new(secret(case).encode(), octets(text), "sha256").hexdigest().upper()
    told = "&".join(f"{n}={plain(v)}" for n, v in (tree | {"MAC": mac}).items())
    content = octets(told)
    padded = content + bytes(-len(content) % 8)
    encryptor = Cipher(Blowfish(secrets(case, "decrypt")[0].encode()), ECB()).encryptor()
    return [FORM], f"Len={len(content)}&Data={encryptor.update(padded).hex().upper()}".encode()


# 2C2P: a compact JWS, keyed with text.
def b64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def from_b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def tree_2c2p(case: Case) -> Tree:
    claims: Tree = json.loads(from_b64url(json_tree(case)["payload"].split(".")[1]))
    return claims


def sign_2c2p(tree: Tree, case: Case) -> Signed:
    header = case.get("jws_header", {"typ": "JWT", "alg": "HS256"})
    text = f"{b64url(json_octets(header))}.{b64url(json_octets(tree))}"
    mac = hmac.digest(secret(case).encode(), text.encode(), "sha256")
    return [JSON], json_octets({"payload": f"{text}.{b64url(mac)}"})


# Amazon: the envelope's members, each with its name.
SNS_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"
SNS_NAME = "sns.amazonaws.com"


def held_amazon(case: Case) -> dict[str, Any]:
    return with_keys(
        case,
        {"kid": SNS_URL, "use": "verify", "kind": "certificate",
         "pem": authority.leaf(SNS_NAME) + authority.issuing()},
        {"kid": "1", "use": "root", "kind": "certificate", "pem": authority.root()},
    )  # fmt: skip


def sign_amazon(tree: Tree, case: Case) -> Signed:
    message = tree.get("Message")
    told = tree if isinstance(message, str) else tree | {"Message": json.dumps(message)}
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if tree.get("Type") != "Notification":
        names[2:3] = ["SubscribeURL"]
        names.insert(4, "Token")
    text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
    version = told.get("SignatureVersion", "2")
    signature = rsa(octets(text), "sha1" if version == "1" else "sha256", SNS_NAME)
    outer = {"SignatureVersion": version, "Signature": signature, "SigningCertURL": SNS_URL}
    topic = ["X-Amz-Sns-Topic-Arn", plain(told.get("TopicArn", ""))]
    return [["Content-Type", "text/plain; charset=UTF-8"], topic], json_octets(outer | told)


# Apple: ES256 under a chain of our own, transactions inside signed alike.
APPLE_MARKS = {
    "leaf": x509.ObjectIdentifier("1.2.840.113635.100.6.11.1"),
    "issuer": x509.ObjectIdentifier("1.2.840.113635.100.6.2.1"),
}


@cache
def curve_key(name: str) -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


@cache
def apple_certificate(name: str, issuer: str, *, marked: bool = True) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(curve_key(name).public_key())
        .serial_number(len(name) + 2 * marked)
        .not_valid_before(authority.FROM)
        .not_valid_after(authority.UNTIL)
        .add_extension(x509.BasicConstraints(ca=name != "leaf", path_length=None), critical=True)
    )
    if marked and name in APPLE_MARKS:
        mark = x509.UnrecognizedExtension(APPLE_MARKS[name], b"\x05\x00")
        builder = builder.add_extension(mark, critical=False)
    return builder.sign(curve_key(issuer), SHA256())


def held_apple(case: Case) -> dict[str, Any]:
    pem = apple_certificate("root", "root").public_bytes(Encoding.PEM).decode()
    return with_keys(case, {"kid": "1", "use": "root", "kind": "certificate", "pem": pem})


def apple_jws(content: Any, **how: Any) -> str:
    """Return a token. `unmarked`: those of the chain whose mark is left out."""
    unmarked = how.get("unmarked", ())
    chain = [
        apple_certificate(name, issuer, marked=name not in unmarked)
        for name, issuer in how.get(
            "chain", (("leaf", "issuer"), ("issuer", "root"), ("root", "root"))
        )
    ]
    header = {"alg": "ES256", "x5c": [b64(each.public_bytes(Encoding.DER)) for each in chain]}
    text = f"{b64url(json_octets(header))}.{b64url(json_octets(content))}"
    r, s = decode_dss_signature(curve_key("leaf").sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def tree_apple(case: Case) -> Tree:
    event: Tree = json.loads(from_b64url(json_tree(case)["signedPayload"].split(".")[1]))
    token = event["data"].pop("signedTransactionInfo", None)
    if token is not None:
        event["bought"] = json.loads(from_b64url(token.split(".")[1]))
    return event


def sign_apple(tree: Tree, case: Case) -> Signed:
    how = case.get("apple", {})
    event = {name: value for name, value in tree.items() if name != "bought"}
    if "bought" in tree and isinstance(event.get("data"), dict):
        inner = apple_jws(tree["bought"], **how.get("inner", {}))
        event["data"] = event["data"] | {"signedTransactionInfo": inner}
    return [JSON], json_octets({"signedPayload": apple_jws(event, **how.get("outer", {}))})


def raw(sign: Callable[[Tree, Case], Signed]) -> Signer:
    return Signer(json_tree, sign, as_is)


SIGNERS = {
    "2c2p": Signer(tree_2c2p, sign_2c2p, as_is),
    "apple-app-store": Signer(tree_apple, sign_apple, held_apple),
    "bambora-epay": Signer(form_tree, sign_epay, as_is),
    "barclays-epdq": Signer(form_tree, sign_epdq, as_is),
    "computop": Signer(tree_computop, sign_computop, as_is),
    "grabpay": raw(sign_grabpay),
    "hyperpay-oppwa": sealed_signer(lambda content: content.hex().upper(), bytes.fromhex),
    "pagbank": raw(sign_pagbank),
    "przelewy24": raw(sign_przelewy24),
}
THIN = {
    "amazon-pay": Signer(json_tree, sign_amazon, held_amazon),
    "iyzico": raw(sign_iyzico),
    "sibs": sealed_signer(b64, base64.b64decode),
    "toss-payments": raw(sign_toss),
}
SIGNS_RAW_BYTES = ("2c2p", "grabpay", "hyperpay-oppwa", "pagbank")
