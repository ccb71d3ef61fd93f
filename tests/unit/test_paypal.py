"""PayPal: what its cases do not tell: certificate URLs, tables, replies."""

import json
from typing import Any

import pytest

from processors.providers.paypal import (
    CERTIFICATE_URLS,
    DISPUTE_OUTCOMES,
    EVENTS,
    EVENTS_BY_STATE,
    SIGNER,
)
from tests.support.cases import cases_of, trial
from tests.support.replies import reply_to
from tests.support.signers import json_tree, resigned

CERTIFICATE = "/v1/notifications/certs/CERT-0a1b-2c3d"


@pytest.mark.parametrize("host", ["api", "api-m"])
def test_mode_decides_the_hosts_of_certificates(host: str) -> None:
    live = f"https://{host}.paypal.com{CERTIFICATE}"
    sandbox = f"https://{host}.sandbox.paypal.com{CERTIFICATE}"
    assert CERTIFICATE_URLS["live"].fullmatch(live)
    assert CERTIFICATE_URLS["test"].fullmatch(sandbox)
    assert not CERTIFICATE_URLS["live"].fullmatch(sandbox)
    assert not CERTIFICATE_URLS["test"].fullmatch(live)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.paypal.com" + CERTIFICATE,
        "HTTPS://api.paypal.com" + CERTIFICATE,
        "https://api.paypal.com:8443" + CERTIFICATE,
        "https://api.paypal.com:443:443" + CERTIFICATE,
        "https://x@api.paypal.com" + CERTIFICATE,
        "https://api.paypal.com.example" + CERTIFICATE,
        "https://apixpaypal.com" + CERTIFICATE,
        "https://evil.paypal.com" + CERTIFICATE,
        "https://api.paypal.com" + CERTIFICATE + "/..",
        "https://api.paypal.com" + CERTIFICATE + "?a",
        "https://api.paypal.com" + CERTIFICATE + "#a",
        "https://api.paypal.com" + CERTIFICATE + "\n",
        "https://api.paypal.com/v1/notifications/certs/CERT-",
        "https://api.paypal.com/v1/notifications/certs/CERT-é",
        " https://api.paypal.com" + CERTIFICATE,
        "",
    ],
)
def test_url_outside_the_allow_list_never_reaches_a_lookup(url: str) -> None:
    assert CERTIFICATE_URLS["live"].fullmatch(url) is None


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("messageverificationcerts.paypal.com", True),
        ("messageverificationcerts.sandbox.paypal.com", True),
        ("messageverificationcertspaypal.com", False),
        ("messageverificationcerts.paypal.com.example", False),
        ("messageverificationcerts.evilpaypal.com", False),
        ("x.messageverificationcerts.paypal.com", False),
        ("www.paypal.com", False),
    ],
)
def test_signer_is_known_by_the_whole_name(name: str, good: bool) -> None:
    assert bool(SIGNER.fullmatch(name)) == good


def spoken(case: dict[str, Any]) -> tuple[object, object]:
    try:
        event = json.loads(trial("paypal", case).callback.body)
    except ValueError:
        return None, None
    outcome = event["resource"].get("dispute_outcome") or {}
    return event.get("event_type"), outcome.get("outcome_code")


@pytest.mark.parametrize("word", [*EVENTS, *EVENTS_BY_STATE])
def test_every_word_of_the_tables_has_a_case(word: str) -> None:
    assert word in {spoken(case)[0] for case in cases_of("paypal")}


@pytest.mark.parametrize(("outcome", "announced"), DISPUTE_OUTCOMES.items())
def test_outcome_of_a_dispute_announces_what_the_table_says(
    outcome: str, announced: str | None
) -> None:
    case = next(c for c in cases_of("paypal") if c["name"] == "made-dispute-won")
    tree = json_tree(case)
    tree["resource"]["dispute_outcome"]["outcome_code"] = outcome
    facts = trial("paypal", resigned("paypal", case, tree)).said().facts
    assert [fact[0] for fact in facts] == ([] if announced is None else [announced])


@pytest.mark.parametrize("status", [200, 401, 503])
def test_reply_is_the_status_and_an_empty_body(status: int) -> None:
    reply = reply_to("paypal", status)
    assert (reply.status, reply.body) == (status, b"")
