"""Every provider, one line each. A name that is not here does not exist."""

from typing import Any, Final

from processors.contract import Provider
from processors.providers import (
    adyen,
    airwallex,
    alipay,
    authorize_net,
    btcpay,
    cashfree,
    checkout,
    coinbase_commerce,
    gocardless,
    lemon_squeezy,
    omise,
    paddle,
    paypal,
    paystack,
    polar,
    razorpay,
    revolut_merchant,
    shopify,
    square,
    standard_webhooks,
    stripe,
    unionpay,
    wechatpay_v2,
    wechatpay_v3,
)

PROVIDERS: Final[dict[str, Provider[Any]]] = {
    provider.name: provider
    for provider in (
        adyen.PROVIDER,
        airwallex.PROVIDER,
        alipay.PROVIDER,
        authorize_net.PROVIDER,
        btcpay.PROVIDER,
        cashfree.PROVIDER,
        checkout.PROVIDER,
        coinbase_commerce.PROVIDER,
        gocardless.PROVIDER,
        lemon_squeezy.PROVIDER,
        omise.PROVIDER,
        paddle.PROVIDER,
        paypal.PROVIDER,
        paystack.PROVIDER,
        polar.PROVIDER,
        razorpay.PROVIDER,
        revolut_merchant.PROVIDER,
        shopify.PROVIDER,
        square.PROVIDER,
        standard_webhooks.PROVIDER,
        stripe.PROVIDER,
        unionpay.PROVIDER,
        wechatpay_v2.PROVIDER,
        wechatpay_v3.PROVIDER,
    )
}
