"""Signing as Vipps MobilePay does, by the simulator's recipe."""

from streams.simulate.senders.europe import http_date, vipps_headers
from tests.support.signers import Case, Signed, Signer, Tree, as_is, json_octets, json_tree, secret

JSON = ["Content-Type", "application/json"]


def sign(tree: Tree, case: Case) -> Signed:
    """Sign; `date` is a date as text where it is not that of the receipt."""
    body, url = json_octets(tree), case["account"]["settings"]["notification_url"]
    date = case.get("date", http_date(case.get("signed_ms", case["received_at_ms"])))
    return [JSON, *map(list, vipps_headers(secret(case), url, body, date))], body


SIGNERS = {"vipps-mobilepay": Signer(json_tree, sign, as_is)}
SIGNS_RAW_BYTES = ("vipps-mobilepay",)
