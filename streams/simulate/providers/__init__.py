"""The seven founding providers as senders: what each says, and how it signs and seals it."""

from collections.abc import Mapping
from typing import Final

from streams.simulate.messages import Simulated
from streams.simulate.providers.adyen import ADYEN
from streams.simulate.providers.alipay import ALIPAY
from streams.simulate.providers.paypal import PAYPAL
from streams.simulate.providers.stripe import STRIPE
from streams.simulate.providers.unionpay import UNIONPAY
from streams.simulate.providers.wechatpay_v2 import WECHATPAY_V2
from streams.simulate.providers.wechatpay_v3 import WECHATPAY_V3

FOUNDING: Final[Mapping[str, Simulated]] = {
    each.name: each
    for each in (ALIPAY, WECHATPAY_V3, WECHATPAY_V2, UNIONPAY, STRIPE, ADYEN, PAYPAL)
}
