"""Signing as the providers do, restated from their documents and not from `processors`.

A signer reads what a case says into a tree of plain values, and signs any tree with keys whose
private halves we hold: so tests can say authentic nonsense. `held` gives the case's account with
our own key where the provider's private key is not known to us.
"""

import base64
import hashlib
import hmac
import importlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support import authority

Case = dict[str, Any]
Tree = dict[str, Any]
Signed = tuple[list[list[str]], bytes]
SIGNER = "signer"
PAYPAL_PATH = "/v1/notifications/certs/CERT-00000000-00000000"


@dataclass(frozen=True)
class Signer:
    """`tree` reads a case, `sign` makes headers and body of a tree; `held` is the account."""

    tree: Callable[[Case], Tree]
    sign: Callable[[Tree, Case], Signed]
    held: Callable[[Case], dict[str, Any]]


def body_of(case: Case) -> bytes:
    """Return what carries the message: the body, of a GET the query."""
    if case["request"]["method"] == "GET":
        query: str = case["request"]["target"].partition("?")[2]
        return query.encode("latin-1")
    return base64.b64decode(case["request"]["body_base64"])


def secret(case: Case, use: str = "verify") -> str:
    """Return the first secret of a use: the newest one."""
    return next(key["text"] for key in case["account"]["keys"] if key["use"] == use)


def rsa(text: bytes, hash_name: str = "sha256", name: str = SIGNER) -> str:
    algorithm = SHA1() if hash_name == "sha1" else SHA256()
    return base64.b64encode(authority.private_key(name).sign(text, PKCS1v15(), algorithm)).decode()


def public_der(name: str = SIGNER) -> str:
    public = authority.private_key(name).public_key()
    return base64.b64encode(
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def as_is(case: Case) -> dict[str, Any]:
    return dict(case["account"])


def with_keys(case: Case, *keys: dict[str, Any], keep: tuple[str, ...] = ()) -> dict[str, Any]:
    kept = [key for key in case["account"]["keys"] if key["use"] in keep]
    return case["account"] | {"keys": [*keys, *kept]}


def json_tree(case: Case) -> Tree:
    tree: Tree = json.loads(body_of(case))
    return tree


def json_octets(tree: Tree | bytes) -> bytes:
    """Return JSON, lone surrogates as they are; hostile bytes stand for themselves."""
    if isinstance(tree, bytes):
        return tree
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")


# Stripe: hex HMAC over "t.body"; the secret's text is the key.
def sign_stripe(tree: Tree, case: Case) -> Signed:
    body, stamp = json_octets(tree), str(case["received_at_ms"] // 1000)
    mac = hmac.new(secret(case).encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
    return [["Stripe-Signature", f"t={stamp},v1={mac}"]], body


# Adyen: Base64 HMAC over eight fields and seven colons in each item, or over the whole body.
def sign_adyen(tree: Tree, case: Case) -> Signed:
    key = bytes.fromhex(secret(case))
    if case["account"]["settings"]["webhook_type"] == "platform":
        body = json_octets(tree)
        mac = base64.b64encode(hmac.digest(key, body, "sha256")).decode()
        return [["HmacSignature", mac]], body
    items = tree.get("notificationItems") if isinstance(tree, dict) else None
    for wrapped in items if isinstance(items, list) else ():
        item = wrapped.get("NotificationRequestItem") if isinstance(wrapped, dict) else None
        if isinstance(item, dict):
            item["additionalData"] = {"hmacSignature": adyen_mac(item, key)}
    return [], json_octets(tree)


def adyen_mac(item: Tree, key: bytes) -> str:
    amount = item.get("amount")
    amount = amount if isinstance(amount, dict) else {}
    values = (
        item.get("pspReference"), item.get("originalReference"), item.get("merchantAccountCode"),
        item.get("merchantReference"), amount.get("value"), amount.get("currency"),
        item.get("eventCode"), item.get("success"),
    )  # fmt: skip
    text = ":".join("" if value is None else str(value) for value in values)
    mac = hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b64encode(mac).decode()


# PayPal: RSA over "id|time|webhook|crc"; the certificate stands under its URL in the account.
def paypal_name(case: Case) -> tuple[str, str]:
    host = "sandbox.paypal.com" if case["account"]["mode"] == "test" else "paypal.com"
    return f"messageverificationcerts.{host}", f"https://api.{host}{PAYPAL_PATH}"


def held_paypal(case: Case) -> dict[str, Any]:
    name, url = paypal_name(case)
    chain = authority.leaf(name) + authority.issuing()
    return with_keys(
        case,
        {"kid": url, "use": "verify", "kind": "certificate", "pem": chain},
        {"kid": "1", "use": "root", "kind": "certificate", "pem": authority.root()},
    )


def sign_paypal(tree: Tree, case: Case) -> Signed:
    body = json_octets(tree)
    name, url = paypal_name(case)
    webhook = case["account"]["settings"]["webhook_id"]
    text = f"id-1|2025-01-01T00:00:00Z|{webhook}|{zlib.crc32(body)}"
    return [
        ["Paypal-Transmission-Id", "id-1"],
        ["Paypal-Transmission-Time", "2025-01-01T00:00:00Z"],
        ["Paypal-Transmission-Sig", rsa(text.encode(), name=name)],
        ["Paypal-Cert-Url", url],
        ["Paypal-Auth-Algo", "SHA256withRSA"],
    ], body


# Alipay: RSA over the sorted decoded pairs without sign and sign_type.
def form_tree(case: Case) -> Tree:
    body = body_of(case).decode("latin-1")
    charset = "gbk" if "charset=gb" in body.lower() else "utf-8"
    return dict(parse_qsl(body, keep_blank_values=True, encoding=charset))


def form_octets(tree: Tree) -> bytes:
    return "&".join(
        f"{quote_plus(name)}={quote_plus(plain(value), errors='surrogatepass')}"
        for name, value in tree.items()
    ).encode()


def plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def joined_pairs(tree: Tree, *without: str, drop_empty: bool = False) -> bytes:
    pairs = sorted(
        (name.encode("utf-8", "surrogatepass"), plain(value).encode("utf-8", "surrogatepass"))
        for name, value in tree.items()
        if name not in without
    )
    return b"&".join(name + b"=" + value for name, value in pairs if value or not drop_empty)


def held_alipay(case: Case) -> dict[str, Any]:
    key = {"kid": "1", "use": "verify", "kind": "public-key", "text": public_der()}
    return with_keys(case, key)


def sign_alipay(tree: Tree, case: Case) -> Signed:
    tree = tree | {"charset": "utf-8"} if "charset" in tree else tree
    hash_name = "sha1" if case["account"]["settings"]["sign_type"] == "RSA" else "sha256"
    text = joined_pairs(tree, "sign", "sign_type")
    octets = form_octets(tree | {"sign": rsa(text, hash_name)})
    return [["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"]], octets


# WeChat Pay v3: RSA over time, nonce, body; the resource inside is sealed with AES-GCM.
def held_wechatpay_v3(case: Case) -> dict[str, Any]:
    key = {"kid": "PUB_KEY_ID_1", "use": "verify", "kind": "public-key", "pem": public_pem()}
    return with_keys(case, key, keep=("decrypt",))


def public_pem() -> str:
    public = authority.private_key(SIGNER).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def tree_wechatpay_v3(case: Case) -> Tree:
    event = json_tree(case)
    resource = event["resource"]
    for key in case["account"]["keys"]:
        if key["use"] == "decrypt":
            try:
                opened = AESGCM(key["text"].encode()).decrypt(
                    resource["nonce"].encode(),
                    base64.b64decode(resource["ciphertext"]),
                    resource.get("associated_data", "").encode(),
                )
            except InvalidTag:  # The other key opens it.
                continue
            return event | {"resource": {"opened": json.loads(opened), "original_type":
                                         resource.get("original_type")}}  # fmt: skip
    raise AssertionError("no key of the case opens its resource")


def sign_wechatpay_v3(tree: Tree, case: Case) -> Signed:
    resource = tree.get("resource") if isinstance(tree, dict) else None
    if isinstance(resource, dict) and "opened" in resource:
        sealed = AESGCM(secret(case, "decrypt").encode()).encrypt(
            b"nonce-twelve", json_octets(resource["opened"]), b"transaction"
        )
        tree = tree | {
            "resource": {name: value for name, value in resource.items() if name != "opened"}
            | {
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": "nonce-twelve",
            }
        }
    body, stamp = json_octets(tree), str(case["received_at_ms"] // 1000)
    text = stamp.encode() + b"\nnonce-1\n" + body + b"\n"
    return [
        ["Wechatpay-Timestamp", stamp],
        ["Wechatpay-Nonce", "nonce-1"],
        ["Wechatpay-Signature", rsa(text)],
        ["Wechatpay-Serial", "PUB_KEY_ID_1"],
        ["Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"],
    ], body


# WeChat Pay v2: keyed digest over sorted elements; a refund is sealed with AES-ECB, unsigned.
def tree_wechatpay_v2(case: Case) -> Tree:
    outer = {each.tag: each.text or "" for each in ElementTree.fromstring(body_of(case))}
    sealed = outer.pop("req_info", None)
    if sealed is None:
        return outer
    for key in case["account"]["keys"]:
        cipher = ecb(key["text"]).decryptor()
        padded = cipher.update(base64.b64decode(sealed)) + cipher.finalize()
        if b"</root>" in padded:
            unpadder = PKCS7(128).unpadder()
            opened = unpadder.update(padded) + unpadder.finalize()
            inner = {each.tag: each.text or "" for each in ElementTree.fromstring(opened)}
            return outer | {"req_info": inner}
    raise AssertionError("no key of the case opens its refund")


def ecb(key: str) -> Cipher[ECB]:
    derived = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
    return Cipher(AES(derived.encode()), ECB())


def flat(tree: Tree, root: str) -> bytes:
    children = "".join(
        f"<{name}>{escape(plain(value))}</{name}>"
        for name, value in tree.items()
        if value is not None
    )
    return f"<{root}>{children}</{root}>".encode("utf-8", "surrogatepass")


def sign_wechatpay_v2(tree: Tree, case: Case) -> Signed:
    headers = [["Content-Type", "text/xml"]]
    inner = tree.get("req_info")
    if isinstance(inner, dict):
        padder = PKCS7(128).padder()
        cipher = ecb(secret(case, "decrypt")).encryptor()
        padded = padder.update(flat(inner, "root")) + padder.finalize()
        sealed = base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()
        return headers, flat(tree | {"req_info": sealed}, "xml")
    present = {name: value for name, value in tree.items() if value is not None}
    key = secret(case)
    text = joined_pairs(present, "sign", drop_empty=True) + b"&key=" + key.encode()
    if case["account"]["settings"]["sign_type"] == "MD5":
        sign = hashlib.md5(text, usedforsecurity=False).hexdigest().upper()
    else:
        sign = hmac.new(key.encode(), text, "sha256").hexdigest().upper()
    return headers, flat(present | {"sign": sign}, "xml")


# UnionPay: a hash of the sorted form, signed by the certificate inside it, or with a shared key.
def unionpay_name(case: Case) -> str:
    company = "00040000:SIGN" if case["account"]["mode"] == "test" else "中国银联股份有限公司"
    return f"041@Z12@{company}@00000001"


def held_unionpay(case: Case) -> dict[str, Any]:
    settings = case["account"]["settings"]
    if settings["sign_method"] != "01":
        return as_is(case)
    if settings["version"] == "5.0.0":
        leaf = authority.leaf(unionpay_name(case))
        return with_keys(
            case, {"kid": "4711", "use": "verify", "kind": "certificate", "pem": leaf}
        )
    return with_keys(
        case,
        {"kid": "root", "use": "root", "kind": "certificate", "pem": authority.root()},
        {"kid": "middle", "use": "root", "kind": "certificate", "pem": authority.issuing()},
    )


def sign_unionpay(tree: Tree, case: Case) -> Signed:
    settings, name = case["account"]["settings"], unionpay_name(case)
    method, old = settings["sign_method"], settings["version"] == "5.0.0"
    if method == "01" and not old and "signPubKeyCert" in tree:
        tree = tree | {"signPubKeyCert": authority.leaf(name)}
    if "certId" in tree:
        tree = tree | {"certId": "4711"}
    text = joined_pairs(tree, "signature", drop_empty=True)
    if method == "01":
        hash_name = "sha1" if old else "sha256"
        digest = hashlib.new(hash_name, text, usedforsecurity=False).hexdigest()
        sign = rsa(digest.encode(), hash_name, name)
    else:
        inner = unionpay_hash(method, secret(case).encode())
        sign = unionpay_hash(method, text + b"&" + inner.encode())
    octets = form_octets(tree | {"signature": sign})
    return [["Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"]], octets


def unionpay_hash(method: str, octets: bytes) -> str:
    return hashlib.new("sha256" if method == "11" else "sm3", octets).hexdigest()


SIGNERS = {
    "adyen": Signer(json_tree, sign_adyen, as_is),
    "alipay": Signer(form_tree, sign_alipay, held_alipay),
    "paypal": Signer(json_tree, sign_paypal, held_paypal),
    "stripe": Signer(json_tree, sign_stripe, as_is),
    "unionpay": Signer(form_tree, sign_unionpay, held_unionpay),
    "wechatpay-v2": Signer(tree_wechatpay_v2, sign_wechatpay_v2, as_is),
    "wechatpay-v3": Signer(tree_wechatpay_v3, sign_wechatpay_v3, held_wechatpay_v3),
}


# Providers that sign the body as raw bytes: there even hostile bytes can be signed.
SIGNS_RAW_BYTES: tuple[str, ...] = ("paypal", "stripe", "wechatpay-v3")

# Those whose messages only ask: nothing that a test could look for is announced.
THIN: dict[str, Signer] = {}

# More of them, a file to a family; they use what stands above.
for _found in sorted((Path(__file__).parent / "signers_more").glob("*.py")):
    _more = importlib.import_module(f"tests.support.signers_more.{_found.stem}")
    SIGNERS |= getattr(_more, "SIGNERS", {})
    THIN |= getattr(_more, "THIN", {})
    SIGNS_RAW_BYTES += getattr(_more, "SIGNS_RAW_BYTES", ())


def resigned(name: str, case: Case, tree: Tree | bytes) -> Case:
    """Return the case that says `tree`, well signed, on an account that holds our key."""
    signer = SIGNERS[name]
    case = case | {"account": signer.held(case)}
    headers, body = signer.sign(tree, case)
    return case | {"request": carrying(case["request"], body) | {"headers": headers}}


def carrying(request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Return the request with another message, of a GET in its query."""
    if request["method"] == "GET":
        path = request["target"].partition("?")[0]
        return request | {"target": f"{path}?{body.decode('latin-1')}"}
    return request | {"body_base64": base64.b64encode(body).decode()}
