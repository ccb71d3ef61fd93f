"""Every provider, one line each. A name that is not here does not exist."""

from typing import Any, Final

from processors.contract import Provider
from processors.providers import (
    adyen,
    alipay,
    paypal,
    stripe,
    unionpay,
    wechatpay_v2,
    wechatpay_v3,
)

PROVIDERS: Final[dict[str, Provider[Any]]] = {
    provider.name: provider
    for provider in (
        adyen.PROVIDER,
        alipay.PROVIDER,
        paypal.PROVIDER,
        stripe.PROVIDER,
        unionpay.PROVIDER,
        wechatpay_v2.PROVIDER,
        wechatpay_v3.PROVIDER,
    )
}
