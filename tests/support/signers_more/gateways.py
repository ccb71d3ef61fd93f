"""Signing as gateways do that neither sign a whole body nor belong to one region, restated from
their documents.

`SIGNERS` may say anything that announces something; `THIN` are those whose messages only ask.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

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
    json_tree,
    plain,
    public_pem,
    rsa,
    secret,
    with_keys,
)

JSON = ["Content-Type", "application/json"]
FORM = ["Content-Type", "application/x-www-form-urlencoded"]


def octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# Braintree: XML in lines of Base64; the key is a hash of the private key, named by the public one.
def tree_braintree(case: Case) -> Tree:
    form = dict(parse_qsl(body_of(case).decode("latin-1")))
    read = rails(ElementTree.fromstring(base64.b64decode(form["bt_payload"])))
    assert isinstance(read, dict)
    return read


def rails(element: ElementTree.Element) -> Tree | list[object] | str:
    if element.get("type") == "array":
        return [rails(each) for each in element]
    if len(element):
        return {each.tag: rails(each) for each in element}
    return element.text or ""


def as_rails(name: str, value: object) -> str:
    if isinstance(value, dict):
        inner = "".join(as_rails(each, below) for each, below in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, list):
        return f'<{name} type="array">{"".join(as_rails("item", v) for v in value)}</{name}>'
    return f"<{name}>{escape(plain(value))}</{name}>"


def sign_braintree(tree: Tree | bytes, case: Case) -> Signed:
    xml = tree if isinstance(tree, bytes) else octets(as_rails("notification", tree))
    payload = base64.encodebytes(xml)
    key = next(key for key in case["account"]["keys"] if key["use"] == "verify")
    mac = hmac.new(hashlib.sha1(key["text"].encode()).digest(), payload, "sha1").hexdigest()
    pairs = quote_plus(f"{key['kid']}|{mac}")
    return [FORM], f"bt_signature={pairs}&bt_payload={quote_plus(payload)}".encode()


# Mollie: the body, hex.
def sign_mollie(tree: Tree | bytes, case: Case) -> Signed:
    body = json_octets(tree)
    mac = hmac.new(secret(case).encode(), body, "sha256").hexdigest()
    return [JSON, ["X-Mollie-Signature", mac]], body


# Rapyd: five texts without separators before the body, the key among them; Base64 over hex.
def sign_rapyd(tree: Tree | bytes, case: Case) -> Signed:
    body, settings, key = json_octets(tree), case["account"]["settings"], secret(case)
    stamp = str(case["received_at_ms"] // 1000)
    before = f"{settings['notification_url']}salt-1{stamp}{settings['access_key']}{key}"
    mac = hmac.new(key.encode(), before.encode() + body, "sha256").hexdigest()
    signature = base64.b64encode(mac.encode()).decode()
    return [JSON, ["salt", "salt-1"], ["timestamp", stamp], ["signature", signature]], body


# Mercado Pago: an id of the query, an id of the request, a time; no body.
def mercadopago_header(key: str, stamp: str, data_id: str, request_id: str) -> list[str]:
    named = (("id", data_id), ("request-id", request_id), ("ts", stamp))
    text = "".join(f"{name}:{value};" for name, value in named if value)
    mac = hmac.new(key.encode(), octets(text), "sha256").hexdigest()
    return ["x-signature", f"ts={stamp},v1={mac}"]


# Midtrans: three fields and the server key, or RSA over a request, as the account says.
def held_midtrans(case: Case) -> dict[str, Any]:
    if case["account"]["settings"]["api"] == "classic":
        return as_is(case)
    return with_keys(
        case, {"kid": "1", "use": "verify", "kind": "public-key", "pem": public_pem()}
    )


def sign_midtrans(tree: Tree, case: Case) -> Signed:
    settings = case["account"]["settings"]
    if settings["api"] == "classic":
        linked = ("account_id", "account_status", "status_code")
        names = linked if "account_id" in tree else ("order_id", "status_code", "gross_amount")
        text = "".join(plain(tree.get(name, "")) for name in names) + secret(case)
        return [JSON], json_octets(
            tree | {"signature_key": hashlib.sha512(octets(text)).hexdigest()}
        )
    body = json_octets(tree)
    signed_s = case.get("signed_ms", case["received_at_ms"]) // 1000
    stamp = datetime.fromtimestamp(signed_s, timezone(timedelta(hours=7))).isoformat()
    path = urlsplit(settings["notification_url"]).path
    text = f"POST:{path}:{hashlib.sha256(body).hexdigest()}:{stamp}"
    return [JSON, ["X-Timestamp", stamp], ["X-Signature", rsa(text.encode())]], body


# Nuvei: the secret and six values of a form.
NUVEI = (
    "totalAmount", "currency", "responseTimeStamp", "PPP_TransactionID", "Status", "productId",
)  # fmt: skip


def form_tree(case: Case) -> Tree:
    return dict(parse_qsl(body_of(case).decode("latin-1"), keep_blank_values=True))


def form(tree: Tree) -> bytes:
    return "&".join(
        f"{quote_plus(octets(name))}={quote_plus(octets(plain(value)))}"
        for name, value in tree.items()
    ).encode()


def sign_nuvei(tree: Tree, case: Case) -> Signed:
    text = secret(case) + "".join(plain(tree.get(name, "")) for name in NUVEI)
    checksum = hashlib.sha256(octets(text)).hexdigest()
    return [FORM], form(tree | {"advanceResponseChecksum": checksum})


# Paytm: the values by their names, salted, hashed and sealed.
def sign_paytm(tree: Tree, case: Case) -> Signed:
    told = {name: plain(value) for name, value in tree.items() if name != "CHECKSUMHASH"}
    values = ["" if told[n].lower() == "null" else told[n] for n in sorted(told, key=octets)]
    hashed = hashlib.sha256(octets("|".join([*values, "s4Lt"]))).hexdigest() + "s4Lt"
    encryptor = Cipher(AES(secret(case).encode()), CBC(b"@@@@&&&&####$$$$")).encryptor()
    sealed = encryptor.update(hashed.encode() + bytes((12,)) * 12)
    return [FORM], form(told | {"CHECKSUMHASH": base64.b64encode(sealed).decode()})


SIGNERS = {
    "braintree": Signer(tree_braintree, sign_braintree, as_is),
    "midtrans": Signer(json_tree, sign_midtrans, held_midtrans),
    "paytm": Signer(form_tree, sign_paytm, as_is),
    "rapyd": Signer(json_tree, sign_rapyd, as_is),
}
THIN = {
    "mollie": Signer(json_tree, sign_mollie, as_is),
    "nuvei": Signer(form_tree, sign_nuvei, as_is),
}
SIGNS_RAW_BYTES = ("braintree", "rapyd")
