"""Signing as Vipps MobilePay does: a request line, a date, a host and the body's digest."""

import hashlib
import hmac
from datetime import UTC, datetime
from email.utils import format_datetime

from tests.support.signers import Case, Signed, Signer, Tree, as_is, json_octets, json_tree, secret
from tests.support.signers_more.world import JSON, b64


def sign(tree: Tree, case: Case) -> Signed:
    body, url = json_octets(tree), case["account"]["settings"]["notification_url"]
    moment = datetime.fromtimestamp(case.get("signed_ms", case["received_at_ms"]) // 1000, tz=UTC)
    date, digest = format_datetime(moment, usegmt=True), b64(hashlib.sha256(body).digest())
    date = case.get("date", date)
    host, _, path = url.removeprefix("https://").partition("/")
    text = f"POST\n/{path}\n{date};{host};{digest}"
    mac = b64(hmac.digest(secret(case).encode(), text.encode(), "sha256"))
    names = "SignedHeaders=x-ms-date;host;x-ms-content-sha256"
    return [
        JSON,
        ["Host", host],
        ["x-ms-date", date],
        ["x-ms-content-sha256", digest],
        ["Authorization", f"HMAC-SHA256 {names}&Signature={mac}"],
    ], body


SIGNERS = {"vipps-mobilepay": Signer(json_tree, sign, as_is)}
SIGNS_RAW_BYTES = ("vipps-mobilepay",)
