"""Reading what providers of China, Taiwan and Vietnam say, and signing it as the simulator does.

`SIGNERS` may say anything that announces something; `THIN` are those whose messages only ask.
"""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.support import authority
from tests.support.signers import (
    SIGNER,
    Case,
    Signer,
    Tree,
    as_is,
    body_of,
    json_tree,
    public_der,
    with_keys,
)
from tests.support.simulated import simulated


def public(kid: str = "1") -> dict[str, Any]:
    return {"kid": kid, "use": "verify", "kind": "public-key", "text": public_der()}


def held_public(kid: str) -> Callable[[Case], dict[str, Any]]:
    return lambda case: with_keys(case, public(kid), keep=("decrypt",))


def form_tree(case: Case) -> Tree:
    return dict(parse_qsl(body_of(case).decode(), keep_blank_values=True))


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


# Yeepay: an envelope for the merchant's key, the platform's signature inside.
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


# Huifu and Adapay: one field of a form is signed.
def field_tree(field: str) -> Callable[[Case], Tree]:
    def tree(case: Case) -> Tree:
        parsed: Tree = json.loads(form_tree(case)[field])
        return parsed

    return tree


def tree_binance(case: Case) -> Tree:
    tree = json_tree(case)
    return {k: v for k, v in tree.items() if k != "bizId"} | {"data": json.loads(tree["data"])}


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


def tree_zalopay(case: Case) -> Tree:
    tree = json_tree(case)
    return {"type": tree["type"], "data": json.loads(tree["data"])}


SIGNERS = {
    "adapay": Signer(field_tree("data"), simulated("adapay"), held_public("1")),
    "allinpay": Signer(form_tree, simulated("allinpay"), held_public("1")),
    "antom": Signer(json_tree, simulated("antom"), held_public("1")),
    "binance-pay": Signer(tree_binance, simulated("binance-pay", kid="sn-1"), held_public("sn-1")),
    "chinaums": Signer(form_tree, simulated("chinaums"), as_is),
    "douyinpay": Signer(tree_douyin, simulated("douyinpay", kid="1267"), held_douyin),
    "ecpay": Signer(form_tree, simulated("ecpay"), as_is),
    "huifu": Signer(field_tree("resp_data"), simulated("huifu"), held_public("1")),
    "jdpay": Signer(tree_jdpay, simulated("jdpay"), held_public("1")),
    "jdpay-legacy": Signer(tree_legacy, simulated("jdpay-legacy"), as_is),
    "momo": Signer(json_tree, simulated("momo"), as_is),
    "newebpay": Signer(tree_newebpay, simulated("newebpay"), as_is),
    "pingpp": Signer(json_tree, simulated("pingpp"), held_public("1")),
    "vnpay": Signer(form_tree, simulated("vnpay"), as_is),
    "worldpay": Signer(json_tree, simulated("worldpay"), as_is),
    "yeepay": Signer(tree_yeepay, simulated("yeepay"), held_public("1")),
    "zalopay": Signer(tree_zalopay, simulated("zalopay"), as_is),
}
THIN = {"wise": Signer(json_tree, simulated("wise"), held_public("1"))}
SIGNS_RAW_BYTES = ("adapay", "antom", "binance-pay", "huifu", "pingpp", "worldpay", "yeepay")
