"""Redsys cases. Run: ``python -m tests.vectors.generators.redsys``"""

import hashlib
from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
AT_MS = 1_714_557_600_000
KEY, OTHER = "sq7HjrUOBfKmC576ILgskD5srU870gJ7", "Mk9m98IfEblmPfrpsawt7BmxObt98Jev"
V1, LONG_V1, LONG_V2 = "HMAC_SHA256_V1", "HMAC_SHA512_V1", "HMAC_SHA512_V2"
ORDER = "2405abcdEF01"
SOAP_11, SOAP_12 = {"media_type": "text/xml"}, {"media_type": "application/soap+xml"}


def said(kind: str | None = "0", response: str | None = "0000", **more: Any) -> dict[str, Any]:
    told = {"Ds_Date": "01%2F05%2F2024", "Ds_Hour": "11%3A59", "Ds_SecurePayment": "1",
            "Ds_Amount": "4999", "Ds_Currency": "978", "Ds_Order": ORDER,
            "Ds_MerchantCode": "999008881", "Ds_Terminal": "001", "Ds_Response": response,
            "Ds_MerchantData": "%C3%B1", "Ds_TransactionType": kind,
            "Ds_AuthorisationCode": "052029"} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def told(kind: str, minor: int = 4999, currency: str = "EUR", **more: Any) -> dict[str, Any]:
    order = more.pop("order", ORDER)
    return fact(kind, order, order, minor=minor, currency=currency, **more)


def refund_id(kind: str, response: str, day: str = "01/05/2024", hour: str = "11:59") -> str:
    values = ("999008881", "001", ORDER, kind, response, "052029", day, hour)
    octets = [value.encode() for value in values]
    return hashlib.sha256(b"".join(len(o).to_bytes(4, "big") + o for o in octets)).hexdigest()


def rows(cases: Signed) -> None:
    for kinds, response, announced in (
        (("0", "15", "38"), "0099", "PaymentSucceeded"),
        (("1", "7", "11"), "0000", "PaymentAuthorized"),
        (("2", "48"), "0900", "PaymentSucceeded"),
        (("9", "45"), "0400", "PaymentClosed"),
        (("0", "1", "2"), "0190", "PaymentFailed"),
        (("0", "48"), "0101", "PaymentFailed"),
        (("0",), "9915", "PaymentFailed"),
    ):
        for kind in kinds:
            cases(f"type-{kind}-response-{response}", "A row.", said(kind, response),
                  accepted(told(announced)))  # fmt: skip
    for kind, response, announced in (
        ("3", "0900", "RefundCompleted"), ("34", "0900", "RefundCompleted"),
        ("3", "0950", "RefundFailed"), ("3", "0172", "RefundFailed"),
        ("3", "0174", "RefundFailed"), ("34", "0190", "RefundFailed"),
    ):  # fmt: skip
        cases(f"type-{kind}-response-{response}", "Known by its signed fields.",
              said(kind, response),
              accepted(told(announced, refund_id=refund_id(kind, response))))  # fmt: skip
    for response in ("9998", "9999", "0112", "8210", "8220", "0107", "0300", "0195"):
        for kind in ("0", "3"):
            cases(f"type-{kind}-response-{response}", "Not final.", said(kind, response),
                  accepted())  # fmt: skip
    cases("type-9-response-0190", "The payment stays what it was.", said("9", "0190"), accepted())
    for kind, response in (("0", "0900"), ("0", "0400"), ("3", "0000"), ("2", "0000"),
                           ("9", "0900"), ("5", "0000"), ("00", "0000"), ("0", "OK"),
                           ("0", "00000")):  # fmt: skip
        cases(f"type-{kind}-response-{response}", "No row: parked.", said(kind, response), UNKNOWN)


def forms(cases: Signed) -> None:
    good, paid = said(), told("PaymentSucceeded")
    cases.rows((
        ("response-of-one-digit", "Zeros in front are left out.", said(response="0"),
         accepted(paid)),
        ("response-of-three-digits", "The same.", said("2", "900"), accepted(paid)),
        ("numbers-of-json", "Not text.",
         said(Ds_Amount=4999, Ds_Currency=978, Ds_Terminal=1, Ds_TransactionType=0),
         accepted(paid)),
        ("values-not-encoded", "As REST tells them.",
         said(Ds_Date="01/05/2024", Ds_Hour="11:59"), accepted(paid)),
        ("order-spelled-in-capitals", "A second spelling.",
         said(Ds_Order=None, DS_ORDER=ORDER), accepted(paid)),
        ("order-in-both-spellings", "Which counts?", said(DS_ORDER="2405abcdEF02"),
         refused("malformed")),
        ("order-encoded", "The key is made of what it means.",
         said(Ds_Order="2405abcd%45F01"), accepted(paid)),
        ("order-of-eight", "Whole blocks: none is added.", said(Ds_Order="24051234"),
         accepted(told("PaymentSucceeded", order="24051234"))),
        ("order-of-four", "Zeros behind it.", said(Ds_Order="2405"),
         accepted(told("PaymentSucceeded", order="2405"))),
        ("order-too-long", "No order number.", said(Ds_Order="2" * 65), refused("malformed")),
        ("order-absent", "No key can be made.", said(Ds_Order=None), refused("malformed")),
        ("order-empty", "The same.", said(Ds_Order=""), refused("malformed")),
        ("amount-absent", "Never zero.", said(Ds_Amount=None), refused("malformed")),
        ("amount-in-euros", "Integers.", said(Ds_Amount="49.99"), refused("malformed")),
        ("amount-negative", "Never.", said(Ds_Amount="-1"), refused("malformed")),
        ("currency-absent", "Never guessed.", said(Ds_Currency=None), refused("malformed")),
        ("currency-in-letters", "Numbers.", said(Ds_Currency="EUR"), refused("malformed")),
        ("currency-unknown", "ISO 4217 lists it not.", said(Ds_Currency="999"),
         refused("malformed")),
        ("merchant-absent", "Who is meant?", said(Ds_MerchantCode=None),
         refused("wrong_account")),
        ("terminal-absent", "Who is meant?", said(Ds_Terminal=None), refused("wrong_account")),
        ("terminal-in-letters", "No number.", said(Ds_Terminal="one"), refused("malformed")),
        ("type-absent", "Never guessed.", said(None), refused("malformed")),
        ("response-absent", "Never guessed.", said(response=None), refused("malformed")),
        ("signed-array", "No object.", b"[1]", refused("malformed")),
        ("signed-name-twice", "Which counts?", b'{"Ds_Order":"1","Ds_Order":"2"}',
         refused("malformed")),
        ("value-encoded-without-utf-8", "No text.", said(Ds_Amount="%FF"), refused("malformed")),
    ))  # fmt: skip
    for number, currency in (("392", "JPY"), ("414", "KWD"), ("352", "ISK"), ("990", "CLF"),
                             ("32", "ARS")):  # fmt: skip
        cases(f"paid-in-{currency.lower()}", "Minor units.", said(Ds_Currency=number),
              accepted(told("PaymentSucceeded", currency=currency)))  # fmt: skip
    other = said(Ds_MerchantData=">>>???~~~")
    for name, sent in (("escaped", lambda body: body),
                       ("as-it-stands", lambda body: body.replace(b"%2B", b"+"))):  # fmt: skip
        cases(f"standard-alphabet-{name}", "A blank was a plus sign.", other, accepted(paid),
              signing={"standard_alphabet": True}, sent=sent)  # fmt: skip
    cases("padding-left-out", "Of the signature.", good, accepted(paid),
          sent=lambda body: body.removesuffix(b"%3D"))  # fmt: skip
    cases("field-beside", "Unsigned, and not read.", good, accepted(paid),
          sent=lambda body: body + b"&Ds_Amount=1")  # fmt: skip
    cases("parameters-twice", "Which count?", good, refused("malformed"),
          sent=lambda body: body + b"&Ds_MerchantParameters=e30")  # fmt: skip
    cases("parameters-absent", "Nothing is told.", good, refused("malformed"),
          sent=lambda body: body.replace(b"Ds_MerchantParameters", b"other"))  # fmt: skip
    cases("version-absent", "Not accepted.", good, refused("bad_signature"),
          sent=lambda body: body.replace(b"Ds_SignatureVersion", b"other"))  # fmt: skip
    cases("version-changed", "The account names its own.", good, refused("bad_signature"),
          sent=swapped(V1.encode(), LONG_V2.encode()))  # fmt: skip


def versions(cases: Signed) -> None:
    good, paid = said(), told("PaymentSucceeded")
    for version in (LONG_V1, LONG_V2):
        name = version.replace("_", "-").lower()
        cases(f"{name}-row", "Its key is text.", good, accepted(paid),
              settings={"signature_versions": version})  # fmt: skip
        cases(f"{name}-not-accepted", "The account names its own.", good,
              refused("bad_signature"), signing={"version": version})  # fmt: skip
        cases(f"{name}-beside-the-old", "Both are accepted.", good, accepted(paid),
              settings={"signature_versions": f"{V1}, {version}"},
              signing={"version": version})  # fmt: skip
    cases("old-not-accepted", "The account has left it.", good, refused("bad_signature"),
          settings_after={"signature_versions": LONG_V2})  # fmt: skip
    cases("second-key", "Each is tried.", good, accepted(paid),
          keys=lambda keys: [secret(OTHER, "0"), *keys])  # fmt: skip
    cases.refusals(good, paid)
    short = Signed("redsys", AT_MS, secret("short-key"), merchant_code="999008881", terminal="1",
                   signature_versions=LONG_V2)  # fmt: skip
    short("key-of-nine-characters", "Zeros behind it.", good, accepted(paid))
    cases.made += short.made


def calls(cases: Signed) -> None:
    good = {name: value.replace("%2F", "/").replace("%3A", ":")
            for name, value in said(Ds_MerchantData="a & b < c").items()}  # fmt: skip
    paid, back = (
        told("PaymentSucceeded"),
        good | {"Ds_TransactionType": "3", "Ds_Response": "0900"},
    )
    refunded = told("RefundCompleted", refund_id=refund_id("3", "0900"))
    for name, tree, expect, how in (
        ("soap-paid", good, accepted(paid), SOAP_11),
        ("soap-paid-1-2", good, accepted(paid), SOAP_12),
        ("soap-refunded", back, accepted(refunded), SOAP_11),
        ("soap-declined", good | {"Ds_Response": "0190"}, accepted(told("PaymentFailed")),
         SOAP_11),
        ("soap-of-another", good | {"Ds_Terminal": "2"}, refused("wrong_account"), SOAP_11),
    ):  # fmt: skip
        cases(name, "The old variant.", tree, expect, signing=how)
    for name, before, behind, reason in (
        ("doctype", b"<s:Envelope", b"<!DOCTYPE x><s:Envelope", "malformed"),
        ("comment", b"<s:Body>", b"<s:Body><!-- -->", "malformed"),
        ("instruction", b"<s:Body>", b"<s:Body><?x y?>", "malformed"),
        ("other-operation", b"procesaNotificacionSIS", b"procesaNotificacionSIT", "malformed"),
        ("element-beside", b"<XML>", b"<X/><XML>", "malformed"),
        ("argument-twice", b"<XML>", b"<XML></XML><XML>", "malformed"),
        ("text-beside", b"<XML>", b"x<XML>", "malformed"),
        ("request-twice", b"&lt;Message&gt;",
         b"&lt;Message&gt;&lt;Request&gt;&lt;/Request&gt;", "malformed"),
        ("comment-in-the-request", b"&lt;Ds_Amount&gt;",
         b"&lt;!-- --&gt;&lt;Ds_Amount&gt;", "malformed"),
        ("amount-changed", b"4999", b"9999", "bad_signature"),
        ("version-changed", b"&quot;0.0&quot;", b"&quot;0.1&quot;", "bad_signature"),
        ("without-a-signature", b"&lt;Signature&gt;", b"&lt;Sig&gt;", "malformed"),
    ):  # fmt: skip
        cases(f"soap-{name}", "Read in one way.", good, refused(reason), signing=SOAP_11,
              sent=swapped(before, behind))  # fmt: skip
    cases("soap-header-beside", "Passed over.", good, accepted(paid), signing=SOAP_11,
          sent=swapped(b"<s:Body>", b"<s:Header><a>1</a></s:Header><s:Body>"))  # fmt: skip
    cases("soap-in-a-section", "The same text.", good, refused("bad_signature"),
          signing=SOAP_11, sent=swapped(b"4999", b"<![CDATA[4998]]>"))  # fmt: skip
    cases("soap-not-accepted", "It counts as the old version.", good, refused("bad_signature"),
          signing=SOAP_11, settings_after={"signature_versions": LONG_V1})  # fmt: skip
    cases("soap-announced-as-a-form", "The content type decides.", good, refused("malformed"),
          signing=SOAP_11,
          headers=lambda _: [["Content-Type", "application/x-www-form-urlencoded"]])  # fmt: skip


def main() -> None:
    cases = Signed("redsys", AT_MS, secret(KEY), merchant_code="999008881", terminal="1",
                   signature_versions=V1)  # fmt: skip
    for part in (rows, forms, versions, calls):
        part(cases)
    cases.write()


if __name__ == "__main__":
    main()
