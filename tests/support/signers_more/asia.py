"""Signing as providers of China, Taiwan and Vietnam do, and those that sign alike; restated from
their documents.

`SIGNERS` may say anything that announces something; `THIN` are those whose messages only ask.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.support import authority
from tests.support.signers import (
    SIGNER,
    Case,
    Signed,
    Signer,
    Tree,
    as_is,
    body_of,
    json_octets,
    json_tree,
    plain,
    public_der,
    rsa,
    secret,
    with_keys,
)

FORM = ["Content-Type", "application/x-www-form-urlencoded"]
JSON = ["Content-Type", "application/json"]


def octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def public(kid: str = "1") -> dict[str, Any]:
    return {"kid": kid, "use": "verify", "kind": "public-key", "text": public_der()}


def held_public(kid: str) -> Callable[[Case], dict[str, Any]]:
    return lambda case: with_keys(case, public(kid), keep=("decrypt",))


def form(tree: Tree) -> bytes:
    return "&".join(
        f"{quote(octets(name), safe='')}={quote_plus(octets(plain(value)))}"
        for name, value in tree.items()
    ).encode()


def form_tree(case: Case) -> Tree:
    return dict(parse_qsl(body_of(case).decode(), keep_blank_values=True))


def sorted_text(tree: Tree, without: str) -> bytes:
    pairs = sorted((octets(n), octets(plain(v))) for n, v in tree.items() if n != without)
    return b"&".join(name + b"=" + value for name, value in pairs if value)


# Douyin Pay: three protocols of one name.
def tree_douyin(case: Case) -> Tree:
    tree = json_tree(case)
    if "msg" in tree:
        return {"type": tree["type"], "msg": json.loads(tree["msg"])}
    sealed = tree["resource"]
    for key in case["account"]["keys"]:
        if key["use"] == "decrypt":
            opened = AESGCM(key["text"].encode()).decrypt(
                sealed["nonce"].encode(),
                base64.b64decode(sealed["ciphertext"]),
                sealed.get("associated_data", "").encode(),
            )
            return {"event_type": tree["event_type"], "resource": json.loads(opened)}
    raise AssertionError("no key opens the resource")


def sign_douyin(tree: Tree, case: Case) -> Signed:
    protocol = case["account"]["settings"]["protocol"]
    if protocol == "ecpay-v1":
        return sign_douyin_ecpay(tree, case)
    if protocol == "trade-3.0":
        inner = (
            {"msg": json_octets(tree["msg"]).decode("utf-8", "replace")} if "msg" in tree else {}
        )
        body, names = json_octets(tree | inner), ("Byte-Timestamp", "Byte-Nonce-Str")
        signed_in, serial = "Byte-Signature", []
    else:
        sealed = AESGCM(secret(case, "decrypt").encode()).encrypt(
            b"nonce-twelve", json_octets(tree.get("resource", {})), b"pay"
        )
        resource = {
            "algorithm": "AEAD-AES-256-GCM",
            "nonce": "nonce-twelve",
            "associated_data": "pay",
            "ciphertext": base64.b64encode(sealed).decode(),
        }
        body = json_octets(tree | {"resource": resource})
        names, signed_in = ("Douyinpay-Timestamp", "Douyinpay-Nonce"), "Douyinpay-Signature"
        serial = [["Douyinpay-Serial", "1267"]]
    stamp = str(case.get("signed_ms", case["received_at_ms"]) // 1000)
    text = f"{stamp}\nnonce-1\n".encode() + body + b"\n"
    return [JSON, [names[0], stamp], [names[1], "nonce-1"], *serial, [signed_in, rsa(text)]], body


def sign_douyin_ecpay(tree: Tree, case: Case) -> Signed:
    msg = json_octets(tree.get("msg", {})).decode("utf-8", "surrogatepass")
    parts = sorted(octets(each) for each in (secret(case), "1709348401", "3151", msg))
    signature = hashlib.sha1(b"".join(parts)).hexdigest()
    outer = {"timestamp": "1709348401", "nonce": "3151", "msg_signature": signature}
    return [JSON], json_octets(tree | {"msg": msg} | outer)


def held_douyin(case: Case) -> dict[str, Any]:
    protocol = case["account"]["settings"]["protocol"]
    if protocol == "ecpay-v1":
        return as_is(case)
    if protocol == "trade-3.0":
        return with_keys(case, public())
    pem = authority.leaf(SIGNER)
    key = {"kid": "1267", "use": "verify", "kind": "certificate", "pem": pem}
    return with_keys(case, key, keep=("decrypt",))


# JD Pay: XML in triple DES in hex in Base64 in XML; the signature cuts itself out.
def xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(xml(name, each) for each in value)
    inner = (
        "".join(xml(child, each) for child, each in value.items())
        if isinstance(value, dict)
        else escape(plain(value))
    )
    return f"<{name}>{inner}</{name}>"


def xml_tree(element: ElementTree.Element) -> Any:
    tree: Tree = {}
    for child in element:
        value = xml_tree(child)
        if child.tag == "pay":
            tree.setdefault("pay", []).append(value)
        else:
            tree[child.tag] = value
    return tree if len(element) else element.text or ""


def des(case: Case) -> list[bytes]:
    return [
        base64.b64decode(key["text"]) for key in case["account"]["keys"] if key["use"] == "decrypt"
    ]


def tree_jdpay(case: Case) -> Tree:
    envelope = ElementTree.fromstring(body_of(case))
    sealed = bytes.fromhex(base64.b64decode(envelope.findtext("encrypt") or "").decode())
    for key in des(case):
        opened = Cipher(TripleDES(key), ECB()).decryptor().update(sealed)
        text = opened[4 : 4 + int.from_bytes(opened[:4], "big")]
        if text.startswith(b"<?xml"):
            tree: Tree = xml_tree(ElementTree.fromstring(text))
            del tree["sign"]
            return tree
    raise AssertionError("no key opens it")


def sign_jdpay(tree: Tree, case: Case) -> Signed:
    inner = octets('<?xml version="1.0" encoding="UTF-8"?>' + xml("jdpay", tree))
    digest = hashlib.sha256(inner).hexdigest().encode()
    signature = authority.private_key(SIGNER).sign(digest, PKCS1v15(), NoDigestInfo())
    signed = inner.replace(
        b"</jdpay>", b"<sign>" + base64.b64encode(signature) + b"</sign></jdpay>"
    )
    framed = len(signed).to_bytes(4, "big") + signed
    framed += bytes(-len(framed) % 8)
    sealed = Cipher(TripleDES(des(case)[0]), ECB()).encryptor().update(framed)
    merchant = case["account"]["settings"]["merchant"]
    envelope = {"version": "V2.0", "merchant": merchant,
                "result": {"code": "000000", "desc": "success"},
                "encrypt": base64.b64encode(sealed.hex().encode()).decode()}  # fmt: skip
    return [["Content-Type", "application/xml"]], xml("jdpay", envelope).encode()


# JD Pay 1.0: MD5 over the parts as they stand; the data in single DES.
def tree_legacy(case: Case) -> Tree:
    outer = ElementTree.fromstring(base64.b64decode(form_tree(case)["resp"]))
    sealed = base64.b64decode(outer.findtext("DATA") or "")
    for key in des(case):
        opened = Cipher(TripleDES(key[:8] * 3), ECB()).decryptor().update(sealed)
        text = opened[: -opened[-1]]
        if b"<DATA>" in text:
            merchant = outer.findtext("MERCHANT")
            return {"merchant": merchant} | xml_tree(ElementTree.fromstring(text))
    raise AssertionError("no key opens it")


def sign_legacy(tree: Tree, case: Case) -> Signed:
    inner = {name: value for name, value in tree.items() if name != "merchant"}
    text = octets('<?xml version="1.0" encoding="UTF-8"?>' + xml("DATA", inner))
    pad = 8 - len(text) % 8
    sealed = Cipher(TripleDES(des(case)[0][:8] * 3), ECB()).encryptor()
    sealed_text = base64.b64encode(sealed.update(text + bytes((pad,)) * pad)).decode()
    merchant = plain(tree.get("merchant", ""))
    parts = ("1.0.0", merchant, "00000001", sealed_text)
    digest = hashlib.md5(octets("".join(parts) + secret(case))).hexdigest()
    names = ("VERSION", "MERCHANT", "TERMINAL", "DATA")
    outer = dict(zip(names, parts, strict=True)) | {"SIGN": digest}
    resp = base64.b64encode(octets(xml("CHINABANK", outer))).decode()
    return [FORM], urlencode({"resp": resp}).encode()


# Yeepay: an envelope for the merchant's key, the platform's signature inside.
def merchant_key(case: Case) -> RSAPrivateKey:
    text = next(key["text"] for key in case["account"]["keys"] if key["use"] == "decrypt")
    key = load_der_private_key(base64.b64decode(text), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


def url_safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def tree_yeepay(case: Case) -> Tree:
    wrapped, sealed, *_ = form_tree(case)["response"].split("$")
    octets_of = [base64.urlsafe_b64decode(part + "==") for part in (wrapped, sealed)]
    for entry in case["account"]["keys"]:
        if entry["use"] != "decrypt":
            continue
        key = load_der_private_key(base64.b64decode(entry["text"]), password=None)
        assert isinstance(key, RSAPrivateKey)
        aes = key.decrypt(octets_of[0], PKCS1v15())
        if len(aes) == 16:
            padded = Cipher(AES(aes), ECB()).decryptor().update(octets_of[1])
            tree: Tree = json.loads(padded[: -padded[-1]].rpartition(b"$")[0])
            return tree
    raise AssertionError("no key opens it")


def sign_yeepay(tree: Tree, case: Case) -> Signed:
    content = json_octets(tree)
    signed = content + b"$" + url_safe(base64.b64decode(rsa(content))).encode()
    pad = 16 - len(signed) % 16
    sealed = Cipher(AES(b"0123456789abcdef"), ECB()).encryptor()
    wrapped = merchant_key(case).public_key().encrypt(b"0123456789abcdef", PKCS1v15())
    parts = (url_safe(wrapped), url_safe(sealed.update(signed + bytes((pad,)) * pad)))
    app = case["account"]["settings"]["app_key"]
    outer = {"customerIdentification": app, "response": "$".join((*parts, "AES", "SHA256"))}
    return [FORM], form(outer)


# Huifu and Adapay: one field of a form is signed.
def field_signer(field: str, hash_name: str) -> Signer:
    def tree(case: Case) -> Tree:
        parsed: Tree = json.loads(form_tree(case)[field])
        return parsed

    def sign(tree: Tree, case: Case) -> Signed:
        content = json_octets(tree)
        pairs = {field.encode(): content, b"sign": rsa(content, hash_name).encode()}
        body = b"&".join(name + b"=" + quote(v, safe="").encode() for name, v in pairs.items())
        return [FORM], body

    return Signer(tree, sign, held_public("1"))


# Ping++ and Wise: the raw body.
def body_signer(header: str) -> Signer:
    def sign(tree: Tree, case: Case) -> Signed:
        body = json_octets(tree)
        return [JSON, [header, rsa(body)]], body

    return Signer(json_tree, sign, held_public("1"))


def sign_allinpay(tree: Tree, case: Case) -> Signed:
    return [FORM], form(tree | {"sign": rsa(sorted_text(tree, "sign"), "sha1")})


def sign_chinaums(tree: Tree, case: Case) -> Signed:
    name = {"MD5": "md5", "SHA256": "sha256"}[case["account"]["settings"]["sign_type"]]
    digest = hashlib.new(name, sorted_text(tree, "sign") + secret(case).encode()).hexdigest()
    return [FORM], form(tree | {"sign": digest.upper()})


def sign_antom(tree: Tree, case: Case) -> Signed:
    body, settings = json_octets(tree), case["account"]["settings"]
    url = urlsplit(settings["notification_url"])
    path = url.path + (f"?{url.query}" if url.query else "")
    client, time = settings["client_id"], "2024-03-01T10:00:05+08:00"
    signature = quote(rsa(f"POST {path}\n{client}.{time}.".encode() + body), safe="")
    named = f"algorithm=RSA256,keyVersion=1,signature={signature}"
    headers = [["client-id", client], ["request-time", time], ["signature", named]]
    return [JSON, *headers], body


def sign_worldpay(tree: Tree, case: Case) -> Signed:
    body = json_octets(tree)
    key = next(key for key in case["account"]["keys"] if key["use"] == "verify")
    encoded = case["account"]["settings"]["key_encoding"] == "hex"
    used = bytes.fromhex(key["text"]) if encoded else key["text"].encode()
    mac = hmac.new(used, body, "sha256").hexdigest()
    return [JSON, ["Event-Signature", f"{key['kid']}/SHA256/{mac}"]], body


def tree_binance(case: Case) -> Tree:
    tree = json_tree(case)
    return {k: v for k, v in tree.items() if k != "bizId"} | {"data": json.loads(tree["data"])}


def sign_binance(tree: Tree, case: Case) -> Signed:
    if isinstance(tree, dict) and isinstance(tree.get("data"), dict):
        tree = tree | {"data": json_octets(tree["data"]).decode("utf-8", "surrogatepass")}
    body = json_octets(tree)
    stamp = str(case.get("signed_ms", case["received_at_ms"]))
    signature = rsa(f"{stamp}\nnonce-1\n".encode() + body + b"\n")
    return [JSON, ["BinancePay-Timestamp", stamp], ["BinancePay-Nonce", "nonce-1"],
            ["BinancePay-Certificate-SN", "sn-1"],
            ["BinancePay-Signature", signature]], body  # fmt: skip


# ECPay: everything, sorted without regard to case, in .NET's encoding, in small letters.
def sign_ecpay(tree: Tree, case: Case) -> Signed:
    settings = case["account"]["settings"]
    names = sorted((n for n in tree if n != "CheckMacValue"), key=str.lower)
    inner = "&".join(f"{name}={plain(tree[name])}" for name in names)
    whole = f"HashKey={secret(case)}&{inner}&HashIV={settings['hash_iv']}"
    encoded = quote_plus(octets(whole), safe="-_.!*()").replace("~", "%7e").lower()
    name = {"1": "sha256", "0": "md5"}[settings["encrypt_type"]]
    digest = hashlib.new(name, encoded.encode()).hexdigest().upper()
    return [FORM], form(tree | {"CheckMacValue": digest})


# NewebPay: the digest outside, AES-CBC inside, padded to 32.
def newebpay_keys(case: Case) -> list[bytes]:
    return [k["text"].encode() for k in case["account"]["keys"] if k["use"] == "decrypt"]


def tree_newebpay(case: Case) -> Tree:
    sealed = bytes.fromhex(form_tree(case)["TradeInfo"])
    iv = case["account"]["settings"]["hash_iv"].encode()
    for key in newebpay_keys(case):
        padded = Cipher(AES(key), CBC(iv)).decryptor().update(sealed)
        plain_text = padded[: -padded[-1]]
        if plain_text.startswith(b"{"):
            tree: Tree = json.loads(plain_text)
            return tree
        if plain_text.startswith(b"Status="):
            return dict(parse_qsl(plain_text.decode()))
    raise AssertionError("no key opens it")


def sign_newebpay(tree: Tree, case: Case) -> Signed:
    settings = case["account"]["settings"]
    text = form(tree) if settings.get("respond_type") == "String" else json_octets(tree)
    pad, iv = 32 - len(text) % 32, settings["hash_iv"]
    key = newebpay_keys(case)[0]
    sealed = Cipher(AES(key), CBC(iv.encode())).encryptor().update(text + bytes((pad,)) * pad)
    whole = f"HashKey={secret(case)}&{sealed.hex()}&HashIV={iv}"
    digest = hashlib.sha256(whole.encode()).hexdigest().upper()
    outer = {"Status": "SUCCESS", "MerchantID": settings["merchant_id"], "Version": "2.0"}
    return [FORM], form(outer | {"TradeInfo": sealed.hex(), "TradeSha": digest})


# VNPay: the query itself.
def sign_vnpay(tree: Tree, case: Case) -> Signed:
    unsigned = ("vnp_SecureHash", "vnp_SecureHashType")
    pairs = sorted(
        (octets(n), octets(plain(v))) for n, v in tree.items()
        if n.startswith("vnp_") and n not in unsigned and plain(v)
    )  # fmt: skip
    text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    mac = hmac.new(secret(case).encode(), text.encode(), "sha512").hexdigest()
    return [], form(tree | {"vnp_SecureHash": mac})


MOMO = (
    "amount", "extraData", "message", "orderId", "orderInfo", "orderType", "partnerCode",
    "payType", "requestId", "responseTime", "resultCode", "transId",
)  # fmt: skip


def sign_momo(tree: Tree, case: Case) -> Signed:
    shown = "".join(f"&{name}={plain(tree.get(name, ''))}" for name in MOMO)
    text = f"accessKey={case['account']['settings']['access_key']}{shown}"
    mac = hmac.new(secret(case).encode(), octets(text), "sha256").hexdigest()
    return [JSON], json_octets(tree | {"signature": mac})


def tree_zalopay(case: Case) -> Tree:
    tree = json_tree(case)
    return {"type": tree["type"], "data": json.loads(tree["data"])}


def sign_zalopay(tree: Tree, case: Case) -> Signed:
    data = json_octets(tree.get("data", {}))
    mac = hmac.new(secret(case).encode(), data, "sha256").hexdigest()
    text = data.decode("utf-8", "surrogatepass")
    return [JSON], json_octets(tree | {"data": text, "mac": mac})


SIGNERS = {
    "adapay": field_signer("data", "sha1"),
    "allinpay": Signer(form_tree, sign_allinpay, held_public("1")),
    "antom": Signer(json_tree, sign_antom, held_public("1")),
    "binance-pay": Signer(tree_binance, sign_binance, held_public("sn-1")),
    "chinaums": Signer(form_tree, sign_chinaums, as_is),
    "douyinpay": Signer(tree_douyin, sign_douyin, held_douyin),
    "ecpay": Signer(form_tree, sign_ecpay, as_is),
    "huifu": field_signer("resp_data", "sha256"),
    "jdpay": Signer(tree_jdpay, sign_jdpay, held_public("1")),
    "jdpay-legacy": Signer(tree_legacy, sign_legacy, as_is),
    "momo": Signer(json_tree, sign_momo, as_is),
    "newebpay": Signer(tree_newebpay, sign_newebpay, as_is),
    "pingpp": body_signer("X-Pingplusplus-Signature"),
    "vnpay": Signer(form_tree, sign_vnpay, as_is),
    "worldpay": Signer(json_tree, sign_worldpay, as_is),
    "yeepay": Signer(tree_yeepay, sign_yeepay, held_public("1")),
    "zalopay": Signer(tree_zalopay, sign_zalopay, as_is),
}
THIN = {"wise": body_signer("X-Signature-SHA256")}
SIGNS_RAW_BYTES = ("adapay", "antom", "binance-pay", "huifu", "pingpp", "worldpay", "yeepay")
