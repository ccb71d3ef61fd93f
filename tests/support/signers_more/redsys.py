"""Signing as Redsys does: a key for each order, the Base64 text of JSON or a request in SOAP."""

import base64
import hmac
import json
import re
from urllib.parse import parse_qsl, quote_plus, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests.support.signers import (
    Case,
    Signed,
    Signer,
    Tree,
    as_is,
    body_of,
    json_octets,
    plain,
    secret,
)
from tests.support.signers_more.world import FORM, b64, octets

ENVELOPES = {
    "text/xml": "http://schemas.xmlsoap.org/soap/envelope/",
    "application/soap+xml": "http://www.w3.org/2003/05/soap-envelope",
}


def encrypted(cipher: "Cipher[CBC]", content: bytes) -> bytes:
    encryptor = cipher.encryptor()
    return encryptor.update(content) + encryptor.finalize()


def mac(case: Case, version: str, order: str, text: bytes) -> bytes:
    key, number = secret(case), octets(order)
    if version == "HMAC_SHA256_V1":
        cipher = Cipher(TripleDES(base64.b64decode(key)), CBC(bytes(8)))
        return hmac.digest(encrypted(cipher, number + bytes(-len(number) % 8)), text, "sha256")
    pad = 16 - len(number) % 16
    cipher = Cipher(AES(key[:16].ljust(16, "0").encode()), CBC(bytes(16)))
    derived = b64(encrypted(cipher, number + bytes([pad]) * pad))
    return hmac.digest(derived.encode(), text, "sha512")


def media_type(case: Case) -> str:
    headers = dict(case["request"]["headers"]) if "request" in case else {}
    told: str = case.get("media_type", headers.get("Content-Type", FORM[1]))
    return told.partition(";")[0]


def url_alphabet(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


def order_of(tree: Tree | bytes) -> str:
    if isinstance(tree, bytes):
        return ""
    return unquote(plain(tree.get("Ds_Order", tree.get("DS_ORDER", ""))), errors="replace")


def tree(case: Case) -> Tree:
    if media_type(case) in ENVELOPES:
        call = ElementTree.fromstring(body_of(case))
        text = next(each.text or "" for each in call.iter() if each.tag.endswith("XML"))
        found = ElementTree.fromstring(text).find("Request")
        assert found is not None
        return {each.tag: each.text or "" for each in found}
    text = dict(parse_qsl(body_of(case).decode("ascii")))["Ds_MerchantParameters"]
    standard = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    told: Tree = json.loads(base64.b64decode(standard + "=" * (-len(standard) % 4)))
    return told


def sign(tree: Tree, case: Case) -> Signed:
    kind = media_type(case)
    if kind in ENVELOPES:
        return [["Content-Type", f"{kind}; charset=utf-8"]], call(tree, case, ENVELOPES[kind])
    accepted = case["account"]["settings"]["signature_versions"]
    version = case.get("version", accepted.split(",")[0].strip())
    written = b64 if case.get("standard_alphabet") else url_alphabet
    padding = "" if version.endswith("V2") else "="
    text = written(json_octets(tree)).replace("=", padding)
    signature = written(mac(case, version, order_of(tree), text.encode())).replace("=", padding)
    names = ("Ds_SignatureVersion", "Ds_MerchantParameters", "Ds_Signature")
    pairs = zip(names, (version, text, signature), strict=True)
    return [FORM], "&".join(f"{name}={quote_plus(value)}" for name, value in pairs).encode()


def call(tree: Tree, case: Case, namespace: str) -> bytes:
    inside = "".join(f"<{name}>{escape(plain(value))}</{name}>" for name, value in tree.items())
    request = f'<Request Ds_Version="0.0">{inside}</Request>'
    signature = b64(mac(case, "HMAC_SHA256_V1", order_of(tree), octets(request)))
    message = f"<Message>{request}<Signature>{signature}</Signature></Message>"
    told = re.sub('"', "&quot;", escape(message))
    return octets(
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{namespace}"><s:Body>'
        f'<q:procesaNotificacionSIS xmlns:q="InotificacionSIS"><XML>{told}</XML>'
        "</q:procesaNotificacionSIS></s:Body></s:Envelope>"
    )


SIGNERS = {"redsys": Signer(tree, sign, as_is)}
