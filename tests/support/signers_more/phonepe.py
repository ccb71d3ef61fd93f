"""Signing as PhonePe does: v1 a digest behind the Base64 text, v2 a token."""

import base64
import hashlib
import json

from tests.support.signers import Case, Signed, Signer, Tree, as_is, json_octets, json_tree, secret
from tests.support.signers_more.world import JSON, b64


def tree(case: Case) -> Tree:
    outer = json_tree(case)
    if case["account"]["settings"]["api"] == "v2":
        return outer
    inner: Tree = json.loads(base64.b64decode(outer["response"]))
    return inner


def sign(tree: Tree, case: Case) -> Signed:
    settings, key = case["account"]["settings"], case["account"]["keys"][0]
    if settings["api"] == "v2":
        token = f"{settings['webhook_username']}:{secret(case)}"
        return [
            JSON,
            ["Authorization", hashlib.sha256(token.encode()).hexdigest()],
        ], json_octets(tree)
    text = b64(json_octets(tree))
    digest = hashlib.sha256(f"{text}{key['text']}".encode()).hexdigest()
    return [JSON, ["X-VERIFY", f"{digest}###{key['kid']}"]], json_octets({"response": text})


SIGNERS = {"phonepe": Signer(tree, sign, as_is)}
SIGNS_RAW_BYTES = ("phonepe",)
