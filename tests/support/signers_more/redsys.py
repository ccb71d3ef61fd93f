"""Reading what Redsys says, and signing it as the simulator does, a request in SOAP as well."""

import base64
import json
import re
from urllib.parse import parse_qsl
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from streams.simulate.recipes import b64, octets
from streams.simulate.senders.europe import redsys_form, redsys_mac, redsys_order
from tests.support.signers import (
    Case,
    Signed,
    Signer,
    Tree,
    as_is,
    body_of,
    plain,
    secret,
)

FORM = ["Content-Type", "application/x-www-form-urlencoded"]
ENVELOPES = {
    "text/xml": "http://schemas.xmlsoap.org/soap/envelope/",
    "application/soap+xml": "http://www.w3.org/2003/05/soap-envelope",
}


def mac(case: Case, version: str, order: str, text: bytes) -> bytes:
    return redsys_mac(secret(case), version, order, text)


def media_type(case: Case) -> str:
    headers = dict(case["request"]["headers"]) if "request" in case else {}
    told: str = case.get("media_type", headers.get("Content-Type", FORM[1]))
    return told.partition(";")[0]


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
    standard = bool(case.get("standard_alphabet"))
    return [FORM], redsys_form(tree, secret(case), version, standard=standard)


def call(tree: Tree, case: Case, namespace: str) -> bytes:
    inside = "".join(f"<{name}>{escape(plain(value))}</{name}>" for name, value in tree.items())
    request = f'<Request Ds_Version="0.0">{inside}</Request>'
    signature = b64(mac(case, "HMAC_SHA256_V1", redsys_order(tree), octets(request)))
    message = f"<Message>{request}<Signature>{signature}</Signature></Message>"
    told = re.sub('"', "&quot;", escape(message))
    return octets(
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{namespace}"><s:Body>'
        f'<q:procesaNotificacionSIS xmlns:q="InotificacionSIS"><XML>{told}</XML>'
        "</q:procesaNotificacionSIS></s:Body></s:Envelope>"
    )


SIGNERS = {"redsys": Signer(tree, sign, as_is)}
