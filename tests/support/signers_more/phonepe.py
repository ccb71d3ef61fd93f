"""Reading what PhonePe says, and signing it as the simulator does."""

import base64
import json

from tests.support.signers import Case, Signer, Tree, as_is, json_tree
from tests.support.simulated import simulated


def tree(case: Case) -> Tree:
    outer = json_tree(case)
    if case["account"]["settings"]["api"] == "v2":
        return outer
    inner: Tree = json.loads(base64.b64decode(outer["response"]))
    return inner


SIGNERS = {"phonepe": Signer(tree, simulated("phonepe"), as_is)}
SIGNS_RAW_BYTES = ("phonepe",)
