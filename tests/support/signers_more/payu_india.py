"""Reading what PayU India says, and signing it as the simulator does."""

from streams.simulate.recipes import form
from streams.simulate.senders.india_indonesia import payu_hash
from tests.support.signers import (
    Case,
    Signed,
    Signer,
    Tree,
    as_is,
    body_of,
    form_tree,
    json_octets,
    json_tree,
    secret,
)

FORM = ["Content-Type", "application/x-www-form-urlencoded"]
JSON = ["Content-Type", "application/json"]


def tree(case: Case) -> Tree:
    as_json = body_of(case).startswith(b"{")
    found = json_tree(case) if as_json else form_tree(case)
    return found | ({"as_json": True} if as_json else {})


def sign(tree: Tree, case: Case) -> Signed:
    """Sign; `split_unsigned` leaves the split out, as on an account without that option."""
    if isinstance(tree, bytes):
        return [FORM], tree
    sent = {name: value for name, value in tree.items() if name not in ("as_json", "hash")}
    sent["hash"] = payu_hash(sent, secret(case), split=not case.get("split_unsigned"))
    return ([JSON], json_octets(sent)) if "as_json" in tree else ([FORM], form(sent))


SIGNERS = {"payu-india": Signer(tree, sign, as_is)}
