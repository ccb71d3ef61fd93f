"""Payments as two providers tell them, signed by their published recipes, and forgeries of them.

Stripe: HMAC over time and body, one payment told by up to three messages, partial refunds.
Adyen (manual capture): an HMAC in each item, captures and refunds in parts, several in a message.
"""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

STRIPE: Final = "stripe"
ADYEN: Final = "adyen"
MERCHANT: Final = "ChaosShop"
DUPLICATED: Final = 0.2
FORGED: Final = 0.12
CONFLICTING: Final = 0.05
BATCHED: Final = 0.4
Meaning = Literal["fact", "weak", "ignored", "forged"]


@dataclass(frozen=True, slots=True)
class Keys:
    """What both sides hold: Stripe's endpoint secret and Adyen's HMAC key in hex."""

    stripe: str
    adyen: str

    @classmethod
    def of_seed(cls, seed: str) -> "Keys":
        stripe = hashlib.sha256(f"stripe {seed}".encode()).hexdigest()[:32]
        return cls(f"whsec_{stripe}", hashlib.sha256(f"adyen {seed}".encode()).hexdigest().upper())


@dataclass(frozen=True, slots=True)
class Told:
    """What one item states. `weak`: announced unless something stronger was announced before.

    `part` is the provider's id of what happened, empty where the payment itself is it.
    """

    meaning: Meaning
    type: str = ""
    payment: str = ""
    part: str = ""
    minor: int = 0
    currency: str = ""
    order: str | None = None
    at_s: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a provider, with what each of its items states."""

    provider: str
    account: str
    body: bytes
    told: tuple[Told, ...]
    secret: str

    @property
    def target(self) -> str:
        return f"/v1/callbacks/{self.provider}/{self.account}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def headers(self, now_s: int) -> list[tuple[str, str]]:
        """Return the headers of an attempt; Stripe signs each attempt anew."""
        headers = [("Content-Type", "application/json")]
        if self.provider == STRIPE:
            framed = b"%d.%s" % (now_s, self.body)
            proof = hmac.new(self.secret.encode(), framed, hashlib.sha256).hexdigest()
            headers.append(("Stripe-Signature", f"t={now_s},v1={proof}"))
        return headers

    def accepts(self, status: int, body: bytes) -> bool:
        """Whether the provider takes an answer for a success."""
        if self.provider == ADYEN:
            return status == 200 and body == b"[accepted]"
        return 200 <= status < 300


class Teller:
    """Makes payments without end; the same again for the same seed."""

    def __init__(self, seed: str, keys: Keys, now_s: int, account: str = "shop-1") -> None:
        self._chance = random.Random(seed)
        self._keys = keys
        self._now_s = now_s
        self._account = account
        self._told: list[Delivery] = []

    def story(self) -> list[Delivery]:
        """Return the deliveries of one payment, in the order in which they may be sent."""
        chance = self._chance
        told = self._stripe() if chance.random() < 0.5 else self._adyen()
        if chance.random() < 0.3:
            chance.shuffle(told)
        self._told += told
        repeated = [each for each in told if chance.random() < DUPLICATED]
        if chance.random() < DUPLICATED:
            repeated.append(chance.choice(self._told))
        return told + repeated

    def _id(self, prefix: str) -> str:
        return f"{prefix}{self._chance.getrandbits(64):016x}"

    def _stripe(self) -> list[Delivery]:
        chance = self._chance
        intent, charge, order = self._id("pi_"), self._id("ch_"), self._id("A-")
        minor, at_s = chance.randint(100, 90_000), self._now_s - chance.randint(0, 60)
        paid = {"amount": minor, "currency": "eur", "payment_intent": intent}
        success = Told("fact", "PaymentSucceeded", intent, "", minor, "EUR", order, at_s)
        intent_told = {
            "id": intent, "amount": minor, "amount_received": minor, "currency": "eur",
            "status": "succeeded", "metadata": {"order_id": order}, "latest_charge": charge,
        }  # fmt: skip
        told = []
        if chance.random() < 0.2:
            failed, attempt = self._id("ch_"), {"metadata": {"order_id": order}}
            attempt |= {"id": intent, "amount": minor, "currency": "eur"}
            attempt |= {"status": "requires_payment_method"}
            attempt |= {"last_payment_error": {"charge": failed}}
            weak = Told("weak", "PaymentFailed", intent, failed, minor, "EUR", order, at_s)
            told.append(self._of_stripe("payment_intent.payment_failed", attempt, weak))
        told.append(self._of_stripe("payment_intent.succeeded", intent_told, success))
        if chance.random() < 0.4:
            seen = {**paid, "id": charge, "captured": True, "amount_captured": minor}
            told.append(self._of_stripe("charge.succeeded", seen, Told("ignored")))
        if chance.random() < 0.3:
            session = {"id": self._id("cs_"), "payment_status": "paid", "amount_total": minor}
            session |= {"client_reference_id": order, **paid}
            told.append(self._of_stripe("checkout.session.completed", session, success))
        told += self._stripe_refunds(paid, charge, minor, at_s)
        told += self._stripe_spoilt(intent_told, success)
        return told

    def _stripe_refunds(
        self, paid: dict[str, Any], charge: str, minor: int, at_s: int
    ) -> list[Delivery]:
        told = []
        for part in self._parts(minor):
            refund = {**paid, "id": self._id("re_"), "amount": part, "charge": charge}
            refund |= {"status": "succeeded"}
            fact = Told("fact", "RefundCompleted", paid["payment_intent"], refund["id"], part,
                        "EUR", None, at_s)  # fmt: skip
            told.append(self._of_stripe("refund.created", refund, fact))
            if self._chance.random() < 0.3:
                told.append(self._of_stripe("refund.updated", refund, fact))
        return told

    def _stripe_spoilt(self, intent: dict[str, Any], success: Told) -> list[Delivery]:
        """Return what somebody without the key sends, and what contradicts the provider itself."""
        told = []
        if self._chance.random() < FORGED:
            forged = {**intent, "id": self._id("pi_forged_")}
            told.append(self._of_stripe("payment_intent.succeeded", forged, Told("forged")))
        if self._chance.random() < CONFLICTING:
            minor = success.minor + 1
            other = Told("fact", success.type, success.payment, "", minor, "EUR",
                         success.order, success.at_s)  # fmt: skip
            stated = {**intent, "amount": minor, "amount_received": minor}
            told.append(self._of_stripe("payment_intent.succeeded", stated, other))
        return told

    def _of_stripe(self, word: str, resource: dict[str, Any], told: Told) -> Delivery:
        event = {
            "id": self._id("evt_"), "object": "event", "livemode": True, "type": word,
            "created": told.at_s or self._now_s, "data": {"object": resource},
        }  # fmt: skip
        secret = "whsec_forged" if told.meaning == "forged" else self._keys.stripe
        return Delivery(STRIPE, self._account, json.dumps(event).encode(), (told,), secret)

    def _adyen(self) -> list[Delivery]:
        chance = self._chance
        payment, order = self._id("PSP"), self._id("B-")
        minor, at_s = chance.randint(100, 90_000), self._now_s - chance.randint(0, 60)

        def item(word: str, kind: str, own: str, part_minor: int) -> tuple[dict[str, Any], Told]:
            weak = kind == "PaymentAuthorized"
            told = Told("weak" if weak else "fact", kind, payment, "" if weak else own,
                        part_minor, "EUR", order, at_s)  # fmt: skip
            return self._adyen_item(word, own, "" if weak else payment, told), told

        items = [item("AUTHORISATION", "PaymentAuthorized", payment, minor)]
        captured = self._parts(minor) or [minor]
        items += [item("CAPTURE", "PaymentSucceeded", self._id("CAP"), part) for part in captured]
        items += [
            item("REFUND", "RefundCompleted", self._id("REF"), part)
            for part in self._parts(sum(captured))
        ]
        if chance.random() < FORGED:
            wrong = Told("forged", "PaymentSucceeded", self._id("PSPforged"), self._id("CAP"),
                         minor, "EUR", order, at_s)  # fmt: skip
            items.append((self._adyen_item("CAPTURE", wrong.part, wrong.payment, wrong), wrong))
        told = []
        while items:
            count = chance.randint(2, 4) if chance.random() < BATCHED else 1
            told.append(self._of_adyen(items[:count]))
            items = items[count:]
        return told

    def _adyen_item(self, word: str, own: str, original: str, told: Told) -> dict[str, Any]:
        signed = [own, original, MERCHANT, told.order or "", str(told.minor), told.currency,
                  word, "true"]  # fmt: skip
        key = bytes.fromhex(self._keys.adyen if told.meaning != "forged" else "00" * 32)
        proof = hmac.new(key, ":".join(signed).encode(), hashlib.sha256).digest()
        item = {
            "pspReference": own, "merchantAccountCode": MERCHANT, "eventCode": word,
            "merchantReference": told.order, "success": "true",
            "amount": {"value": told.minor, "currency": told.currency},
            "eventDate": datetime.fromtimestamp(told.at_s, UTC).isoformat(),
            "additionalData": {"hmacSignature": base64.b64encode(proof).decode()},
        }  # fmt: skip
        return item | ({"originalReference": original} if original else {})

    def _of_adyen(self, items: Sequence[tuple[dict[str, Any], Told]]) -> Delivery:
        wrapped = [{"NotificationRequestItem": item} for item, _ in items]
        body = json.dumps({"live": "true", "notificationItems": wrapped}).encode()
        told = tuple(each for _, each in items)
        return Delivery(ADYEN, self._account, body, told, self._keys.adyen)

    def _parts(self, minor: int) -> list[int]:
        """Return up to three parts of an amount, none of them nothing."""
        parts = []
        for _ in range(self._chance.randint(0, 3)):
            part = self._chance.randint(1, max(1, minor // 3))
            parts.append(part)
        return parts


def account_texts(keys: Keys) -> dict[str, str]:
    """Return the account files, by provider."""
    return {
        STRIPE: (
            f'provider = "stripe"\nmode = "live"\n[settings]\norder_id_metadata_key = "order_id"\n'
            f'[[keys]]\nkid = "1"\nuse = "verify"\nkind = "secret"\ntext = "{keys.stripe}"\n'
        ),
        ADYEN: (
            f'provider = "adyen"\nmode = "live"\n[settings]\nwebhook_type = "standard"\n'
            f'merchant_account_code = "{MERCHANT}"\ncapture_delay = "manual"\n'
            f'[[keys]]\nkid = "1"\nuse = "verify"\nkind = "secret"\ntext = "{keys.adyen}"\n'
        ),
    }
