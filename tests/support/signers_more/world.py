"""Reading what providers of every other region say, and signing it as the simulator does.

`SIGNERS` may say anything that announces something; `THIN` are those whose messages only ask.
"""

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from streams.simulate import AccountKeys, SimulatorKey
from streams.simulate.recipes import hs256
from streams.simulate.senders.sealed import jws
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
    secret,
    with_keys,
)
from tests.support.simulated import simulated

JSON = ["Content-Type", "application/json"]


def secrets(case: Case, use: str) -> list[str]:
    return [key["text"] for key in case["account"]["keys"] if key["use"] == use]


# HyperPay and SIBS: everything is sealed; they differ in how octets are written.
def sealed_tree(read: Callable[[str], bytes]) -> Callable[[Case], Tree]:
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

    return tree


# Forms: names and values as they are told; what is hostile is told as well.
def form_tree(case: Case) -> Tree:
    text = body_of(case).decode("latin-1")
    return dict(parse_qsl(text, keep_blank_values=True, encoding=charset(case)))


def charset(case: Case) -> str:
    latin = case["account"]["settings"].get("charset") == "ISO-8859-1"
    return "latin-1" if latin else "utf-8"


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


# 2C2P: a compact JWS, keyed with text.
def from_b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def tree_2c2p(case: Case) -> Tree:
    claims: Tree = json.loads(from_b64url(json_tree(case)["payload"].split(".")[1]))
    return claims


def sign_2c2p(tree: Tree, case: Case) -> Signed:
    """As the simulator does; a case may ask for another header of the token."""
    header = case.get("jws_header", {"typ": "JWT", "alg": "HS256"})
    return [JSON], json_octets({"payload": hs256(header, tree, secret(case))})


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


def apple_keys(**how: Any) -> AccountKeys:
    """Return Apple's side. `unmarked`: those of the chain whose mark is left out."""
    unmarked = how.get("unmarked", ())
    chain = [
        apple_certificate(name, issuer, marked=name not in unmarked)
        for name, issuer in how.get(
            "chain", (("leaf", "issuer"), ("issuer", "root"), ("root", "root"))
        )
    ]
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in chain).decode()
    private = curve_key("leaf").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = SimulatorKey("leaf", "verify", "certificate", private.decode(), certificate_pem=pem)
    return AccountKeys("apple-app-store", "shop", "live", {}, (key,))


def tree_apple(case: Case) -> Tree:
    event: Tree = json.loads(from_b64url(json_tree(case)["signedPayload"].split(".")[1]))
    token = event["data"].pop("signedTransactionInfo", None)
    if token is not None:
        event["bought"] = json.loads(from_b64url(token.split(".")[1]))
    return event


def sign_apple(tree: Tree, case: Case) -> Signed:
    """As the simulator does, with a chain to each of the two tokens."""
    how = case.get("apple", {})
    event = {name: value for name, value in tree.items() if name != "bought"}
    if "bought" in tree and isinstance(event.get("data"), dict):
        inner = jws(tree["bought"], apple_keys(**how.get("inner", {})))
        event["data"] = event["data"] | {"signedTransactionInfo": inner}
    signed = jws(event, apple_keys(**how.get("outer", {})))
    return [JSON], json_octets({"signedPayload": signed})


def raw(provider: str) -> Signer:
    return Signer(json_tree, simulated(provider), as_is)


SIGNERS = {
    "2c2p": Signer(tree_2c2p, sign_2c2p, as_is),
    "apple-app-store": Signer(tree_apple, sign_apple, held_apple),
    "bambora-epay": Signer(form_tree, simulated("bambora-epay"), as_is),
    "barclays-epdq": Signer(form_tree, simulated("barclays-epdq"), as_is),
    "computop": Signer(tree_computop, simulated("computop"), as_is),
    "grabpay": raw("grabpay"),
    "hyperpay-oppwa": Signer(sealed_tree(bytes.fromhex), simulated("hyperpay-oppwa"), as_is),
    "pagbank": raw("pagbank"),
    "przelewy24": raw("przelewy24"),
}
THIN = {
    "amazon-pay": Signer(
        json_tree, simulated("amazon-pay", kid=SNS_URL, signer=SNS_NAME), held_amazon
    ),
    "iyzico": raw("iyzico"),
    "sibs": Signer(sealed_tree(base64.b64decode), simulated("sibs"), as_is),
    "toss-payments": raw("toss-payments"),
}
SIGNS_RAW_BYTES = ("2c2p", "grabpay", "hyperpay-oppwa", "pagbank")
