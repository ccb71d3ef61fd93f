"""A Postman collection: one signed example request for each founding provider.

The requests are cases of the vectors files, so their signatures are good for the keys that stand
there; an account with those keys takes them. Their signed times are past: where a provider has a
window the outcome is `stale`, as it must be.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

SCHEMA_URL: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
# By provider: the case of its vectors file.
EXAMPLES: Final = {
    "adyen": "no-escaping-mixed-in-merchantreference",
    "alipay": "payment-odd-cents",
    "paypal": "capture-completed",
    "stripe": "node-sdk-payment",
    "unionpay": "official-demo-payment",
    "wechatpay-v2": "java-sdk-payment-hmac-sha256",
    "wechatpay-v3": "payment-direct-certificate",
}


def postman(cases: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the collection of one case for each provider."""
    return {
        "info": {
            "name": "Tillstream callbacks",
            "description": "Signed callbacks as the providers send them. Signed times are past.",
            "schema": SCHEMA_URL,
        },
        "variable": [{"key": "base", "value": "http://127.0.0.1:8080", "type": "string"}],
        "item": [_item(provider, case) for provider, case in sorted(cases.items())],
    }


def _item(provider: str, case: Mapping[str, Any]) -> dict[str, Any]:
    request = case["request"]
    events = ", ".join(event["type"] for event in case["expect"].get("events", ()))
    body = base64.b64decode(request["body_base64"], validate=True).decode()
    return {
        "name": f"{provider}: {case['name']}",
        "request": {
            "method": request["method"],
            "header": [
                {"key": name, "value": value, "type": "text"} for name, value in request["headers"]
            ],
            "url": _url(request["target"]),
            "body": {"mode": "raw", "raw": body},
            "description": f"{case['note']} Announces: {events}. "
            f"Case of tests/vectors/{provider}.json, origin: {case['origin']}.",
        },
        "response": [],
    }


def _url(target: str) -> dict[str, Any]:
    parts = urlsplit(target)
    url: dict[str, Any] = {
        "raw": f"{{{{base}}}}{target}",
        "host": ["{{base}}"],
        "path": parts.path.strip("/").split("/"),
    }
    if parts.query:
        pairs = (pair.partition("=") for pair in parts.query.split("&"))
        url["query"] = [{"key": name, "value": value} for name, _, value in pairs]
    return url
