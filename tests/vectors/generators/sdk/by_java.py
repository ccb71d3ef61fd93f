"""Cases that official Java SDKs sealed and signed: WeChat Pay v3, Antom.

Run: ``python -m tests.vectors.generators.sdk.by_java JARS``, a directory of jars; see README.md.
"""

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.vectors.generators.cases import Headers, accepted
from tests.vectors.generators.sdk.keys import pkcs8, public, rsa_key, spki
from tests.vectors.generators.sdk.written import JSON, Cases, Json, fact, held, secret, text_of

PROGRAM = "by_java.py"
AT_S = 1_772_330_406  # 2026-03-01 10:00:06 in Shanghai
T, TIME = "2026-03-01T02:00:05.000Z", "2026-03-01T10:00:05+08:00"
LETTERS = "两本书 & 一支笔 – Zoë 😀"
Signed = tuple[Headers, bytes]


def ask(*values: str) -> str:
    lines = "\n".join(base64.b64encode(value.encode()).decode() for value in values)
    return subprocess.run(
        ["java", "-cp", f"{sys.argv[1]}/*", Path(__file__).with_name("Sign.java")],
        input=lines, check=True, text=True, capture_output=True,
    ).stdout  # fmt: skip


def from_maven(artifact: str, call: str) -> str:
    group, _, name = artifact.rpartition(":")
    found = [re.fullmatch(rf"{name}-([0-9][0-9.]*)\.jar", jar.name)
             for jar in Path(sys.argv[1]).iterdir()]  # fmt: skip
    version = next(match[1] for match in found if match)
    return f"Maven {group}:{name} {version} ({call})"


def wechatpay_v3() -> Cases:
    key, kid = rsa_key("wechat java"), "PUB_KEY_ID_0112300001092026030100000000000999"
    text, nonce = "javaMade0123456789abcdefABCDEF77", "javaMade0999"

    def sign(said: tuple[str, Json], account: Json) -> Signed:
        sealed = ask("wechat-seal", text, "transaction", nonce, text_of(said[1]))
        body = text_of({
            "id": "EV-2026030110000500999", "create_time": TIME, "event_type": said[0],
            "resource_type": "encrypt-resource", "summary": "支付成功",
            "resource": {"original_type": "transaction", "algorithm": "AEAD_AES_256_GCM",
                         "ciphertext": sealed, "associated_data": "transaction",
                         "nonce": nonce},
        })  # fmt: skip
        signature = ask("wechat-sign", pkcs8(key), spki(key), kid, text, str(AT_S), nonce, body)
        return [JSON, ["Wechatpay-Timestamp", str(AT_S)], ["Wechatpay-Nonce", nonce],
                ["Wechatpay-Serial", kid], ["Wechatpay-Signature", signature],
                ["Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"],
                ], body.encode()  # fmt: skip

    called = "AeadAesCipher.encrypt, RSASigner.sign, taken by NotificationParser"
    cases = Cases(PROGRAM, "wechatpay-v3",
                  from_maven("com.github.wechatpay-apiv3:wechatpay-java", called),
                  held(public(key, kid), secret(text, use="decrypt"), mchid="1230000109"),
                  AT_S * 1000, sign)  # fmt: skip
    number = "4200001001202603010000000999"
    common = {"mchid": "1230000109", "out_trade_no": "J-1", "transaction_id": number,
              "success_time": TIME}  # fmt: skip
    for name, amount, expected in (
        ("payment-letters", {"total": 8810, "currency": "CNY"}, {"minor": 8810}),
        ("payment-yen", {"total": 1500, "currency": "JPY"}, {"minor": 1500, "currency": "JPY"}),
    ):
        cases(name, "Sealed text in UTF-8; a public key of its own.",
              ("TRANSACTION.SUCCESS", common | {
                  "appid": "wxd678efh567hg6787", "trade_state": "SUCCESS", "attach": LETTERS,
                  "amount": amount}),
              accepted(fact("PaymentSucceeded", number, "J-1", at=T,
                            **{"currency": "CNY"} | expected)))  # fmt: skip
    cases("refund", "A part.",
          ("REFUND.SUCCESS", common | {
              "out_refund_no": "JR-1", "refund_id": "50000001002026030100000000999",
              "refund_status": "SUCCESS", "amount": {"total": 8810, "refund": 810}}),
          accepted(fact("RefundCompleted", number, "J-1", minor=810, currency="CNY", at=T,
                        refund_id="50000001002026030100000000999")))  # fmt: skip
    return cases


def antom() -> Cases:
    key, client, stamp = rsa_key("antom java"), "CLIENT-J", f"{AT_S}000"

    def sign(said: Json, account: Json) -> Signed:
        body = text_of(said)
        signature = ask("antom", "POST", "/hooks/antom", client, stamp, body, pkcs8(key))
        told = f"algorithm=RSA256,keyVersion=1,signature={signature}"
        return [JSON, ["client-id", client], ["request-time", stamp],
                ["signature", told]], body.encode()  # fmt: skip

    def said(kind: str, **more: Any) -> Json:
        return {
            "notifyType": kind,
            "result": {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": LETTERS},
        } | more

    cases = Cases(PROGRAM, "antom",
                  from_maven("com.alipay.global.sdk:global-open-sdk-java", "SignatureTool.sign"),
                  held(public(key), client_id=client, capture_mode="AUTOMATIC",
                       notification_url="https://pay.example.com/hooks/antom"), AT_S * 1000,
                  sign)  # fmt: skip
    cases("payment-yen", "Yen have no decimals; letters in UTF-8.",
          said("PAYMENT_RESULT", paymentId="PJ-1", paymentRequestId="PRJ-1", paymentTime=TIME,
               paymentAmount={"value": "1500", "currency": "JPY"}),
          accepted(fact("PaymentSucceeded", "PJ-1", minor=1500, currency="JPY",
                        at=T)))  # fmt: skip
    cases("refund", "It names no payment.",
          said("REFUND_RESULT", refundStatus="SUCCESS", refundId="RJ-1", refundTime=TIME,
               refundRequestId="RRJ-1", refundAmount={"value": "505", "currency": "EUR"}),
          accepted(fact("RefundCompleted", None, minor=505, at=T, refund_id="RJ-1")))  # fmt: skip
    return cases


def main() -> None:
    for made in (wechatpay_v3, antom):
        made().write()


if __name__ == "__main__":
    main()
