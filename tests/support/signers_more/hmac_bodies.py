"""Signing as those do who sign the raw body with a shared secret: as the simulator does.

`SIGNERS` may say anything that announces something; `THIN` are those whose messages only ask.
"""

from tests.support.signers import Case, Signed, Signer, Tree, as_is, json_tree
from tests.support.simulated import simulated


def body(provider: str) -> Signer:
    return Signer(json_tree, simulated(provider, keeps_headers=True), as_is)


# The topic stands in a header that is not signed; the tree is the resource alone.
def sign_shopify(tree: Tree, case: Case) -> Signed:
    told = {name.lower(): value for name, value in case["request"]["headers"]}
    content = {"topic": told.get("x-shopify-topic", ""), "resource": tree}
    headers, octets = simulated("shopify")(content, case)
    mac = [pair for pair in headers if pair[0] == "X-Shopify-Hmac-Sha256"]
    kept = [pair for pair in case["request"]["headers"] if pair[0].lower() != mac[0][0].lower()]
    return [*kept, *mac], octets


SIGNERS = {
    name: body(name)
    for name in (
        "airwallex", "authorize-net", "btcpay", "cashfree", "checkout", "coinbase-commerce",
        "flutterwave", "lemon-squeezy", "nowpayments", "omise", "paddle", "paystack", "paytabs",
        "polar", "quickpay", "razorpay", "square", "tap",
    )
} | {"shopify": Signer(json_tree, sign_shopify, as_is)}  # fmt: skip
THIN = {name: body(name) for name in ("gocardless", "revolut-merchant", "standard-webhooks")}
SIGNS_RAW_BYTES = tuple(name for name in SIGNERS if name not in ("nowpayments", "tap"))
