"""The bench of the providers measures all of them, and of each what its proof costs."""

import pytest

from processors.registry import PROVIDERS
from tests.bench.providers import Figure, chosen, measured


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_is_measured_with_its_primitives(name: str) -> None:
    found = chosen(name)
    assert found is not None
    case, whole = found
    assert not whole.said().faults or whole.said().accepted, case
    judged_us, taken_us, calls = measured(whole, 5)
    assert min(judged_us, taken_us) > 0
    assert calls


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("stripe", {"hmac_digest"}),
        ("alipay", {"verify"}),
        ("wechatpay-v3", {"verify", "decrypt"}),
        ("jdpay-legacy", {"openssl_md5", "create_decryption_ctx", "update"}),
    ],
)
def test_primitives_are_those_of_the_protocol(name: str, calls: set[str]) -> None:
    found = chosen(name)
    assert found is not None
    assert calls <= set(measured(found[1], 5)[2])


def test_a_callback_may_cost_twice_its_primitive_and_forty_microseconds() -> None:
    assert Figure("larkpay", "paid", 60.0, 10.0, ()).members()["within"]
    assert not Figure("larkpay", "paid", 60.1, 10.0, ()).members()["within"]
