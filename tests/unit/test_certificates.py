"""Chains, names and serial numbers of certificates that come with a message."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from cryptography import x509

from processors.certificates import (
    CHAIN_MAX,
    PEM_BYTES_MAX,
    certificate_key,
    check_chain,
    common_name,
    host_names,
    is_self_issued,
    serial_fault,
)
from processors.keys import Key, certificates
from schemas.errors import BadSignature
from tests.support import authority

AT_MS = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 1000


def read(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


ROOT, ISSUING = read(authority.root()), read(authority.issuing())
LEAF = read(authority.leaf("leaf"))


def check(leaf: x509.Certificate, *issuers: x509.Certificate, at_ms: int = AT_MS) -> None:
    check_chain(leaf, issuers=issuers, anchors=(ROOT,), at_ms=at_ms, sha1_allowed=())


def test_leaf_chains_through_its_issuer_in_any_order() -> None:
    check(LEAF, read(authority.certificate("unused", authority.ROOT, authority=True)), ISSUING)


def test_missing_intermediate_breaks_the_chain() -> None:
    with pytest.raises(BadSignature):
        check(LEAF)


def test_self_signed_certificate_is_not_trusted() -> None:
    with pytest.raises(BadSignature):
        check(read(authority.certificate("leaf", "leaf")), ISSUING)


def test_leaf_of_an_issuer_that_only_has_the_right_name_is_not_trusted() -> None:
    namesake = authority.certificate(authority.ISSUING, "Another Root", authority=True)
    forged = x509.load_pem_x509_certificate(namesake.encode())
    with pytest.raises(BadSignature):
        check(LEAF, forged)


def test_certificate_without_authority_may_not_issue() -> None:
    merchant = read(authority.leaf("merchant"))
    forged = read(authority.certificate("leaf", "merchant"))
    with pytest.raises(BadSignature):
        check(forged, merchant, ISSUING)


def test_every_link_is_judged_at_the_moment_and_not_remembered() -> None:
    until = datetime(2026, 2, 1, tzinfo=UTC)
    short = read(authority.leaf("short", until=until))
    end_ms = int(until.timestamp()) * 1000
    check(short, ISSUING, at_ms=end_ms)
    with pytest.raises(BadSignature, match="not valid"):
        check(short, ISSUING, at_ms=end_ms + 1)
    check(short, ISSUING, at_ms=end_ms)


def test_chain_longer_than_the_limit_is_refused() -> None:
    names = [authority.ROOT, *(f"authority {n}" for n in range(CHAIN_MAX))]
    chain = [
        read(authority.certificate(below, above, authority=True))
        for above, below in pairwise(names)
    ]
    check(chain[CHAIN_MAX - 2], *chain[: CHAIN_MAX - 2])
    with pytest.raises(BadSignature):
        check(chain[CHAIN_MAX - 1], *chain[: CHAIN_MAX - 1])


def test_message_certificate_is_one_and_names_its_serial() -> None:
    assert certificate_key(authority.leaf("leaf").encode()).kid == "4711"
    both = authority.leaf("leaf") + authority.issuing()
    padded = b"x" * PEM_BYTES_MAX + b"\n" + authority.leaf("leaf").encode()
    for pem in (both.encode(), padded, b"", b"-----BEGIN CERTIFICATE-----\nAA==", b"\xff"):
        with pytest.raises(BadSignature):
            certificate_key(pem)


def test_names_of_a_certificate() -> None:
    assert common_name(LEAF) == "leaf"
    assert host_names(LEAF) == ("leaf",)
    assert is_self_issued(ROOT)
    assert not is_self_issued(ISSUING)


@pytest.mark.parametrize(
    ("kid", "base", "words"),
    [
        ("1267", 16, None),
        ("01267", 16, None),
        ("4711", 16, "upper-case hex: 1267"),
        ("4711", 10, None),
        ("1267", 10, "in decimal: 4711"),
        ("AFFE", 16, "not the serial number of its certificate, which is 1267"),
    ],
)
def test_kid_that_is_no_serial_number_is_explained(kid: str, base: int, words: str | None) -> None:
    key = Key(kid, "verify", "certificate", certificates(authority.leaf("leaf")))
    fault = serial_fault(key, base=16 if base == 16 else 10)
    assert (fault is None) if words is None else (fault is not None and words in fault)
