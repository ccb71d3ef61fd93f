"""Redsys (Sermepa), TPV Virtual: notifications by form and by SOAP.

Signed:     ``Ds_Signature`` over the text of ``Ds_MerchantParameters`` as received, Base64 of
            JSON; a blank there was a plus sign. HMAC_SHA256_V1: key in triple DES per order,
            HMAC-SHA-256. HMAC_SHA512_V1 and _V2: key in AES per order, HMAC-SHA-512. Base64 of
            either alphabet, padded or not. [python-redsys]
            ``Ds_SignatureVersion`` is not signed: the account says which are accepted.
            SOAP: HMAC_SHA256_V1 over ``<Request ...</Request>`` as it stands. [redsys-easy]
            The order's number is read before the proof, to make the key, and nothing else.
Identity:   ``Ds_Order``, payment and order in one. A refund carries the number of its payment and
            none of its own: it is known by merchant, terminal, order, type, response,
            authorisation, day and hour.
Money:      integers of minor units, currency in ISO numbers; of a refund what was refunded.
Time:       ``Ds_Date`` and ``Ds_Hour`` are local, to the minute, and their zone is nowhere told:
            none is stated. Values are percent-encoded in redirect notifications.
Meaning:    by ``Ds_TransactionType`` and ``Ds_Response`` together. [connector-service]
Reply:      200, empty; to SOAP a signed OK, made of what was proven. KO, which cancels a sale, is
            never said.
Retries:    sent once. [memory]
Source:     python-redsys, redsys-easy. Vectors: tests/vectors/redsys.json.
"""

import base64
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from processors.account import Account
from processors.contract import Provider, Receipt, Reply, Setting, identity
from processors.currency_numbers import currency_code
from processors.encodings import digits, from_base64
from processors.fields import Fields, derived_id, meaning, same_account
from processors.flat_xml import flat_xml
from processors.forms import form_pairs
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.sealing import key_of_order_aes, key_of_order_des3
from processors.signing import Authentic, Message, check_keyed_digest
from processors.soap import MEDIA_TYPES, answer_to_call, called_text, soap_version
from schemas.callback import Callback
from schemas.errors import BadSignature, CallbackError, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SOAP_SIGNATURE: Final = "HMAC_SHA256_V1"
SHA256, SHA512 = (key_of_order_des3, "sha256"), (key_of_order_aes, "sha512")
VERSIONS: Final[Mapping[str, tuple[Callable[[bytes, bytes], bytes], str]]] = {
    SOAP_SIGNATURE: SHA256, "HMAC_SHA512_V1": SHA512, "HMAC_SHA512_V2": SHA512,
}  # fmt: skip
DES3_KEY_BYTES: Final = 24
ORDER_CHARACTERS_MAX: Final = 64
URL_ALPHABET: Final = bytes.maketrans(b"-_ ", b"+/+")
OPERATION, ARGUMENT, NAMESPACE = "procesaNotificacionSIS", "XML", "InotificacionSIS"
OK_ANSWER: Final = (
    '<Response Ds_Version="0.0"><Ds_Response_Merchant>OK</Ds_Response_Merchant></Response>'
)
SIGNED_REQUEST: Final = re.compile(
    r"\s*<Message>\s*(<Request(?:\s[^<>]*)?>(.*)</Request>)\s*"
    r"<Signature>([^<>]*)</Signature>\s*</Message>\s*",
    re.DOTALL,
)
CODE: Final = re.compile(r"[0-9]{4}", re.ASCII)

# What a response says. Three of them are a success of one kind of operation each.
AUTHORISED, CONFIRMED, CANCELLED, UNDECIDED, DECLINED = range(5)
RESPONSES: Final = {
    "0900": CONFIRMED, "0400": CANCELLED,
    **dict.fromkeys(("9998", "9999", "0112", "8210", "8220", "0107", "0300"), UNDECIDED),
    "0195": UNDECIDED,  # tried again with 3-D Secure
}  # fmt: skip
# Kinds of operation: its success, what that announces, and what a decline announces. A cancelling
# that is declined leaves the payment as it was.
Kind = tuple[int, FactType, FactType | None]
SALE: Final[Kind] = (AUTHORISED, "PaymentSucceeded", "PaymentFailed")
RESERVED: Final[Kind] = (AUTHORISED, "PaymentAuthorized", "PaymentFailed")
CAPTURE: Final[Kind] = (CONFIRMED, "PaymentSucceeded", "PaymentFailed")
REFUND: Final[Kind] = (CONFIRMED, "RefundCompleted", "RefundFailed")
CANCEL: Final[Kind] = (CANCELLED, "PaymentClosed", None)
KINDS: Final[Mapping[str, Kind]] = {
    "0": SALE, "15": SALE, "38": SALE, "1": RESERVED, "7": RESERVED, "11": RESERVED,
    "2": CAPTURE, "48": CAPTURE, "3": REFUND, "34": REFUND, "9": CANCEL, "45": CANCEL,
}  # fmt: skip
KEY_OF_REFUND: Final = (
    "Ds_MerchantCode", "Ds_Terminal", "Ds_Order", "Ds_TransactionType", "Ds_Response",
    "Ds_AuthorisationCode", "Ds_Date", "Ds_Hour",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """What one notification states. `soap`: the version that its answer has to be written in."""

    fields: Fields
    order: str
    soap: str | None

    def value(self, name: str) -> str | None:
        """Return a member, decoded; numbers come as text and, in JSON, as numbers."""
        found = self.fields.optional_id_text(name)
        return None if found is None else _decoded(found)

    def needed(self, name: str) -> str:
        found = self.value(name)
        if found is None:
            raise Malformed(f"{name} is missing")
        return found


def authenticate(callback: Callback, account: Account) -> Authentic[Operation]:
    soap = soap_version(callback)
    version, text, signature, fields = _form(callback) if soap is None else _call(callback)
    if version not in _accepted(account):
        raise BadSignature("a version of the signature that the account does not accept")
    operation = Operation(fields, _order(fields), soap)
    derive, name = VERSIONS[version]
    order = operation.order.encode()
    return check_keyed_digest(
        (Message(text, operation),),
        lambda secret, octets: hmac.digest(derive(secret, order), octets, name),
        signatures=(_from_any_base64(signature, BadSignature),),
        keys=account.all_keys("verify", "secret"),
    )


Received = tuple[str, bytes, bytes, Fields]


def _form(callback: Callback) -> Received:
    received = dict(form_pairs(callback.body))
    text = received.get(b"Ds_MerchantParameters", b"").replace(b" ", b"+")
    version = received.get(b"Ds_SignatureVersion", b"").decode("latin-1")
    fields = json_fields(_from_any_base64(text, Malformed))
    return version, text, received.get(b"Ds_Signature", b""), fields


def _call(callback: Callback) -> Received:
    found = SIGNED_REQUEST.fullmatch(
        called_text(callback.body, operation=OPERATION, argument=ARGUMENT)
    )
    if found is None:
        raise Malformed("the call holds no signed request")
    text, inside, signature = found.groups()
    fields = flat_xml(f"<Request>{inside}</Request>".encode(), root="Request")
    return SOAP_SIGNATURE, text.encode(), signature.strip().encode(), fields


def _from_any_base64(text: bytes, error: type[CallbackError]) -> bytes:
    standard = text.translate(URL_ALPHABET).rstrip(b"=")
    return from_base64(standard + b"=" * (-len(standard) % 4), error=error)


def _order(fields: Fields) -> str:
    spelled = [name for name in ("Ds_Order", "DS_ORDER") if name in fields]
    if len(spelled) != 1:
        raise Malformed("not one order number")
    order = _decoded(fields.id_text(spelled[0]))
    if len(order) > ORDER_CHARACTERS_MAX:
        raise Malformed(f"an order number of more than {ORDER_CHARACTERS_MAX} characters")
    return order


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise Malformed("a value is not in UTF-8") from error


def _accepted(account: Account) -> tuple[str, ...]:
    return tuple(each.strip() for each in account.settings["signature_versions"].split(","))


def interpret(notice: Authentic[Operation], account: Account) -> tuple[Fact, ...]:
    operation, settings = notice.content, account.settings
    same_account(
        Ds_MerchantCode=(operation.value("Ds_MerchantCode"), settings["merchant_code"]),
        Ds_Terminal=(_number(operation.value("Ds_Terminal")), _number(settings["terminal"])),
    )
    announced = _announced(operation)
    if announced is None:
        return ()
    refunded = announced.startswith("Refund")
    currency = currency_code(operation.needed("Ds_Currency").rjust(3, "0"))
    return (
        Fact(
            type=announced,
            payment_id=operation.order,
            merchant_order_id=operation.order,
            amount=Money.from_minor(
                digits(operation.needed("Ds_Amount"), what="Ds_Amount"), currency
            ),
            occurred_at_ms=None,
            refund_id=_refund_id(operation) if refunded else None,
        ),
    )


def _number(terminal: str | None) -> str | None:
    return None if terminal is None else str(digits(terminal, what="terminal"))


def _announced(operation: Operation) -> FactType | None:
    kind = meaning(KINDS, operation.needed("Ds_TransactionType"), what="Ds_TransactionType")
    success, succeeded, declined = kind
    code = operation.needed("Ds_Response").rjust(4, "0")
    if CODE.fullmatch(code) is None:
        raise UnknownMeaning("Ds_Response is no code")
    said = AUTHORISED if code.startswith("00") else RESPONSES.get(code, DECLINED)
    if said == UNDECIDED:
        return None
    if said == DECLINED:
        return declined
    if said != success:
        raise UnknownMeaning("Ds_Response is the success of another kind of operation")
    return succeeded


def _refund_id(operation: Operation) -> str:
    known = {"Ds_Order": operation.order}
    return derived_id(*(known.get(name) or operation.value(name) or "" for name in KEY_OF_REFUND))


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return 200 and nothing; to SOAP a signed OK, of a proven notification alone."""
    proven = receipt.notice if receipt.success and receipt.notice else ()
    for each in proven:
        if each.content.soap is not None:
            return _signed_answer(each, account)
    return Reply(receipt.status, "text/plain; charset=utf-8", b"")


def _signed_answer(notice: Authentic[Operation], account: Account) -> Reply:
    secret = account.key_named("verify", notice.kid).secret.reveal()
    key = key_of_order_des3(secret, notice.content.order.encode())
    signature = base64.b64encode(hmac.digest(key, OK_ANSWER.encode(), "sha256")).decode()
    text = f"<Message>{OK_ANSWER}<Signature>{signature}</Signature></Message>"
    version = notice.content.soap or "1.1"
    body = answer_to_call(text, version=version, operation=OPERATION, namespace=NAMESPACE)
    return Reply(200, f"{MEDIA_TYPES[version]}; charset=utf-8", body)


def check(account: Account) -> tuple[str, ...]:
    """Find versions that do not exist, a terminal that is no number, keys of another form."""
    accepted = _accepted(account)
    faults = [
        f"{each} is no version of the signature" for each in accepted if each not in VERSIONS
    ]
    if not re.fullmatch(r"[0-9]{1,9}", account.settings["terminal"], re.ASCII):
        faults.append("terminal is no number")
    for key in account.all_keys("verify", "secret"):
        secret = key.secret.reveal()
        if not secret.isascii():
            faults.append(f"key {key.kid} has other characters than the console shows")
        elif SOAP_SIGNATURE in accepted and not _is_des3_key(secret):
            faults.append(f"key {key.kid} is not Base64 of {DES3_KEY_BYTES} octets")
    return tuple(faults)


def _is_des3_key(secret: bytes) -> bool:
    try:
        return len(from_base64(secret, error=Malformed)) == DES3_KEY_BYTES
    except Malformed:
        return False


PROVIDER: Final = Provider(
    name="redsys",
    title="Redsys",
    protocol="TPV Virtual, notifications by form and SOAP",
    methods=("POST",),
    settings=(
        identity("merchant_code", "FUC, 9 digits", "999008881"),
        identity("terminal", "terminal number, compared as an integer", "1"),
        Setting(
            name="signature_versions", required=True, pinned=True, choices=(),
            meaning="accepted values of Ds_SignatureVersion, commas between; SOAP counts as "
            "HMAC_SHA256_V1", example="HMAC_SHA512_V2",
        ),
    ),
    keys=(shared_secret(secret_text(), "the 32-character key of the console as it stands"),),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="verified",
    reply=reply,
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
