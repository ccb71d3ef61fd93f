"""Reading what gateways of no one region say, and signing it as the simulator does.

`SIGNERS` may say anything that announces something; `THIN` are those whose messages only ask.
"""

import base64
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from streams.simulate.senders.platforms import mercadopago_signature
from tests.support.signers import (
    Case,
    Signer,
    Tree,
    as_is,
    body_of,
    json_tree,
    public_pem,
    with_keys,
)
from tests.support.simulated import simulated

JSON = ["Content-Type", "application/json"]


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


# Midtrans: three fields and the server key, or RSA over a request, as the account says.
def held_midtrans(case: Case) -> dict[str, Any]:
    if case["account"]["settings"]["api"] == "classic":
        return as_is(case)
    return with_keys(
        case, {"kid": "1", "use": "verify", "kind": "public-key", "pem": public_pem()}
    )


# Nuvei and Paytm: fields of a form.
def form_tree(case: Case) -> Tree:
    return dict(parse_qsl(body_of(case).decode("latin-1"), keep_blank_values=True))


# Mercado Pago: an id of the query, an id of the request, a time; no body.
def mercadopago_header(key: str, stamp: str, data_id: str, request_id: str) -> list[str]:
    return ["x-signature", mercadopago_signature(key, stamp, data_id, request_id)]


SIGNERS = {
    "braintree": Signer(tree_braintree, simulated("braintree"), as_is),
    "midtrans": Signer(json_tree, simulated("midtrans"), held_midtrans),
    "paytm": Signer(form_tree, simulated("paytm"), as_is),
    "rapyd": Signer(json_tree, simulated("rapyd"), as_is),
}
THIN = {
    "mollie": Signer(json_tree, simulated("mollie"), as_is),
    "nuvei": Signer(form_tree, simulated("nuvei"), as_is),
}
SIGNS_RAW_BYTES = ("braintree", "rapyd")
