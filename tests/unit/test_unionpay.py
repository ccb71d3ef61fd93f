"""UnionPay: what its cases do not tell: SHA-1 leaves, memory of chains, faults of an account."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.x509 import Certificate

from processors.account import Account
from processors.certificates import certificate_key, check_chain
from processors.forms import form_pairs
from processors.keys import Key, Secret, certificates
from processors.providers.unionpay import PROVIDER
from processors.vectors import BadCase, case_account
from processors.verdict import judge
from schemas.errors import BadSignature
from schemas.fact import Fact
from tests.support import authority
from tests.support.cases import POSITION, cases_of, trial
from tests.support.replies import reply_to

NAME = "unionpay"


def case(name: str) -> dict[str, Any]:
    return next(each for each in cases_of(NAME) if each["name"] == name)


def stated(name: str) -> Fact:
    whole = trial(NAME, case(name))
    ((record, _),) = judge(whole.callback, POSITION, whole.provider, whole.account).facts
    return record.fact


def test_completion_is_its_own_payment_and_names_the_authorisation() -> None:
    fact = stated("made-completed")
    assert fact.authorization_id is not None
    assert fact.payment_id != fact.authorization_id


def test_released_authorisation_is_closed_under_the_id_it_was_announced_with() -> None:
    fact = stated("made-void-of-an-authorisation")
    assert fact.type == "PaymentClosed"
    assert fact.payment_id == fact.authorization_id == "792602281000006528111"


def test_certificate_good_at_one_receipt_is_bad_at_a_later_one() -> None:
    whole = trial(NAME, case("payment-certificate-now-expired"))
    assert whole.said().accepted
    later = replace(whole.callback, received_at_ms=whole.callback.received_at_ms + 40 * 86_400_000)
    assert replace(whole, callback=later).said().faults == ("bad_signature",)
    assert whole.said().accepted


def test_sha1_leaf_of_the_test_authority_counts_where_it_is_allowed_alone() -> None:
    whole = trial(NAME, case("official-demo-payment"))
    assert whole.said().accepted
    pem = dict(form_pairs(whole.callback.body))[b"signPubKeyCert"]
    leaf = certificate_key(pem).certificates.leaf
    root, middle = (key.certificates.leaf for key in whole.account.all_keys("root"))

    def check(*sha1_allowed: Certificate) -> None:
        check_chain(
            leaf,
            issuers=(middle,),
            anchors=(root,),
            at_ms=whole.callback.received_at_ms,
            sha1_allowed=sha1_allowed,
        )

    check(middle, leaf)
    with pytest.raises(BadSignature):
        check(middle)
    with pytest.raises(BadSignature):
        check(leaf)


def test_test_root_in_mode_live_does_not_load() -> None:
    account = case("official-demo-payment")["account"] | {"mode": "live"}
    with pytest.raises(BadCase, match="test authority"):
        case_account(PROVIDER, account)


def with_keys(*keys: Key, method: str = "01", version: str = "5.1.0") -> Account:
    account = case_account(PROVIDER, case("payment-success")["account"])
    settings = {**account.settings, "sign_method": method, "version": version}
    return replace(account, settings=settings, keys=keys)


ROOT = Key("root", "root", "certificate", certificates(authority.root()))
MIDDLE = Key("middle", "root", "certificate", certificates(authority.issuing()))
LEAF = certificates(authority.leaf("unionpay"))


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (with_keys(ROOT), "intermediate"),
        (with_keys(MIDDLE), "root certificate"),
        (with_keys(ROOT, MIDDLE, method="11"), "secure key"),
        (with_keys(ROOT, MIDDLE, version="5.0.0"), "add a verify certificate"),
        (with_keys(Key("4712", "verify", "certificate", LEAF), version="5.0.0"), "which is 4711"),
        (with_keys(Key("1267", "verify", "certificate", LEAF), version="5.0.0"), "in decimal"),
    ],
)
def test_keys_that_do_not_go_with_the_method_are_explained(account: Account, words: str) -> None:
    (fault,) = PROVIDER.check(account)
    assert words in fault


def test_keys_of_a_method_left_behind_are_no_fault() -> None:
    old = (Key("4711", "verify", "certificate", LEAF), Key("1", "verify", "secret", Secret(b"k")))
    assert PROVIDER.check(with_keys(ROOT, MIDDLE, *old)) == ()
    assert PROVIDER.check(with_keys(ROOT, MIDDLE, *old, method="12")) == ()


def test_only_the_status_of_the_reply_counts() -> None:
    assert (reply_to(NAME, 200).status, reply_to(NAME, 503).status) == (200, 503)
