"""Cases of forms that npm packages signed: ECPay, Paytm.

Run: ``python -m tests.vectors.generators.sdk.by_node_forms NODE_MODULES``; it needs no package
itself.
"""

from tests.vectors.generators.cases import accepted
from tests.vectors.generators.sdk.node import Signed, cases_by_npm, key_of, signature
from tests.vectors.generators.sdk.written import FORM, Cases, Json, fact, form, held, secret

PROGRAM = "by_node_forms.py"
T = "2026-03-01T02:00:05.000Z"
IV = "EkRm7iFT261dpevs"


def ecpay() -> Cases:
    def sign(said: Json, account: Json) -> Signed:
        md5 = account["settings"]["encrypt_type"] == "0"
        mac = signature("ecpay_aio_nodejs", fields=said, key=key_of(account), iv=IV, md5=md5)
        return [FORM], form(said | {"CheckMacValue": mac})

    def said(code: str, **more: str) -> Json:
        return {"MerchantID": "3002607", "MerchantTradeNo": "Node17", "RtnCode": code,
                "RtnMsg": "交易成功", "TradeNo": "2603011000050017", "TradeAmt": "8000",
                "PaymentDate": "2026/03/01 10:00:05", "PaymentType": "Credit_CreditCard",
                "SimulatePaid": "0", "CustomField1": ""} | more  # fmt: skip

    cases = cases_by_npm(PROGRAM, "ecpay", "ecpay_aio_nodejs", "gen_chk_mac_value",
                         held(secret("pwFHCqoQZGmho4w6"), merchant_id="3002607", hash_iv=IV,
                              encrypt_type="1"), sign)  # fmt: skip
    trade, told = ("2603011000050017", "Node17"), {"minor": 800_000, "currency": "TWD", "at": T}
    paid = fact("PaymentSucceeded", *trade, **told)
    cases("payment-punctuation", "Encoded as .NET does.",
          said("1", CustomField1="a b*c!d(e)f'g~h&i=j%k_l-m.n+o/p Zoë 😀"),
          accepted(paid))  # fmt: skip
    cases("payment-md5", "The older hash.", said("1"), accepted(paid), encrypt_type="0")
    cases("failed", "Any other code.", said("10100058", RtnMsg="失敗"),
          accepted(fact("PaymentFailed", *trade, **told)))  # fmt: skip
    return cases


def paytm() -> Cases:
    def sign(said: Json, account: Json) -> Signed:
        mac = signature("paytmchecksum", fields=said, key=key_of(account), salt="n0dE")
        return [FORM], form(said | {"CHECKSUMHASH": mac})

    def said(**more: str) -> Json:
        return {"ORDERID": "J-1", "MID": "Shop1", "TXNID": "TJS1", "TXNAMOUNT": "199.05",
                "PAYMENTMODE": "UPI", "CURRENCY": "INR", "TXNDATE": "2026-03-01 07:30:05.0",
                "STATUS": "TXN_SUCCESS", "RESPCODE": "01", "RESPMSG": "Txn Success",
                "BANKTXNID": "4", "BANKNAME": ""} | more  # fmt: skip

    cases = cases_by_npm(PROGRAM, "paytm", "paytmchecksum", "generateSignature",
                         held(secret("nodeSdk-key-16ch"), mid="Shop1"), sign)  # fmt: skip
    told = {"currency": "INR", "at": T}
    cases("payment-letters", "Values in UTF-8, joined by bars.",
          said(RESPMSG="Zoë & 東京 😀", BANKNAME="भारतीय बैंक"),
          accepted(fact("PaymentSucceeded", "TJS1", "J-1", minor=19905, **told)))  # fmt: skip
    cases("refund", "It has an amount of its own.",
          said(RESPCODE="10", REFUNDID="RJS1", REFID="MR-1", REFUNDAMOUNT="9.50"),
          accepted(fact("RefundCompleted", "TJS1", "J-1", minor=950, refund_id="RJS1",
                        merchant_refund_id="MR-1", **told)))  # fmt: skip
    return cases


def main() -> None:
    for made in (ecpay, paytm):
        made().write()


if __name__ == "__main__":
    main()
