"""Signing as PayU India does: the salt, the fields in reverse, the merchant's key last."""

import hashlib

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
    secret,
)
from tests.support.signers_more.world import FORM, JSON, form, form_tree, octets

FIELDS = (
    "udf10", "udf9", "udf8", "udf7", "udf6", "udf5", "udf4", "udf3", "udf2", "udf1", "email",
    "firstname", "productinfo", "amount", "txnid", "key",
)  # fmt: skip


def tree(case: Case) -> Tree:
    as_json = body_of(case).startswith(b"{")
    found = json_tree(case) if as_json else form_tree(case)
    return found | ({"as_json": True} if as_json else {})


def sign(tree: Tree, case: Case) -> Signed:
    """Sign; `split_unsigned` leaves the split out, as on an account without that option."""
    if isinstance(tree, bytes):
        return [FORM], tree
    sent = {name: value for name, value in tree.items() if name not in ("as_json", "hash")}

    def shown(name: str) -> str:
        value = sent.get(name)
        return "" if value is None else plain(value)

    split = [] if case.get("split_unsigned") else [n for n in ("splitInfo",) if shown(n)]
    text = "|".join([secret(case), *(shown(name) for name in ("status", *split, *FIELDS))])
    if shown("additionalCharges"):
        text = f"{shown('additionalCharges')}|{text}"
    sent["hash"] = hashlib.sha512(octets(text)).hexdigest()
    return ([JSON], json_octets(sent)) if "as_json" in tree else ([FORM], form(sent))


SIGNERS = {"payu-india": Signer(tree, sign, as_is)}
