"""The stories that the simulator tells, each as callbacks with what must become of them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import (
    Build,
    Content,
    Expectation,
    ExpectedEvent,
    ExpectedItem,
    Http,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
)

STALE_BY_MS: Final = 900_000
DAY_MS: Final = 86_400_000
BATCH: Final = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One callback of a story: unsigned content with its keys, or an already signed message.

    `shift_ms` moves the signed time of sending; `damage` changes the body after signing.
    """

    content: Content | Signed
    keys: AccountKeys
    expectation: Expectation
    shift_ms: int = 0
    damage: Callable[[bytes], bytes] | None = None


@dataclass(slots=True)
class Scene:
    """Where a story plays: one account at one provider, at one moment (milliseconds)."""

    sender: Simulated
    keys: AccountKeys
    ids: Ids
    now_ms: int
    refunded_minor: int = field(default=0, init=False)

    def a_payment(self) -> Payment:
        # Signed times must be now; the payment itself happened a little earlier.
        occurred_ms = (self.now_ms // 1000 - self.ids.between(1, 20)) * 1000
        own, order = self.sender.payment_id(self.ids, occurred_ms), "A" + self.ids.digits(14)
        return Payment(
            own,
            order if self.sender.order_of is None else self.sender.order_of(own),
            self.ids.between(100, 99_999) * self.sender.unit_minor,
            self.sender.currency,
            occurred_ms,
        )

    def a_refund(self, payment: Payment, minor: int) -> Refund:
        """Return the next refund of a payment; refunds are counted in the order of asking."""
        self.refunded_minor += minor
        occurred_ms = payment.occurred_ms + 1000
        return Refund(
            self.sender.refund_id(self.ids, occurred_ms),
            minor,
            self.refunded_minor,
            self.refunded_minor == payment.amount_minor,
            occurred_ms,
        )

    def step(
        self,
        content: Content | Signed,
        *items: ExpectedItem,
        http: Http = "success",
        any_order: bool = True,
    ) -> Step:
        return Step(content, self.keys, Expectation(items, http, any_order))

    def built(self, build: Build | None, payment: Payment) -> Content:
        if build is None:
            raise NotHere(f"not at {self.sender.name}")
        return build(payment, self.keys, self.ids)

    def part(self, payment: Payment, parts: int) -> int:
        """Return about one of `parts` of a payment, in the amounts that the provider knows."""
        if self.sender.refunds == "whole":
            return payment.amount_minor
        unit = self.sender.unit_minor
        return payment.amount_minor // unit // parts * unit

    def paid(self, payment: Payment) -> Step:
        content = self.built(self.sender.payment, payment)
        return self.step(content, self.announced(payment))

    def announced(self, payment: Payment, event_type: str = "PaymentSucceeded") -> ExpectedItem:
        """Return the expectation of a payment's event with its amount."""
        if "payment" in self.sender.weak:
            return self.sender.weak_item
        event = ExpectedEvent(
            type=event_type,
            payment_id=payment.id,
            merchant_order_id=payment.order if self.sender.tells_order else None,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
        return ExpectedItem("announced", event=event)

    def refunded(self, payment: Payment, refund: Refund) -> Step:
        item = self.refund_announced(payment, refund, refund.amount_minor)
        return self.refund_step(payment, refund, item)

    def refund_step(self, payment: Payment, refund: Refund, item: ExpectedItem) -> Step:
        retold = (_repeated(self.announced(payment)),) if self.sender.refunds_retell else ()
        return self.step(self.refund_content(payment, refund), *retold, item)

    def refund_content(self, payment: Payment, refund: Refund) -> Content:
        if self.sender.refund is None:
            raise NotHere(f"no refunds are told at {self.sender.name}")
        return self.sender.refund(payment, refund, self.keys, self.ids)

    def refund_announced(self, payment: Payment, refund: Refund, rise_minor: int) -> ExpectedItem:
        sender = self.sender
        if "refund" in sender.weak:
            return sender.weak_item
        event = ExpectedEvent(
            type="RefundCompleted",
            payment_id=payment.id if sender.links_refunds else None,
            refund_id=refund.id if sender.names_refunds else None,
            amount_minor=rise_minor,
            currency=payment.currency,
            refunded_total_minor=refund.total_minor if sender.links_refunds else None,
        )
        return ExpectedItem("announced", event=event)


class NotHere(ValueError):
    """The provider sends no such thing; the message says so."""


Story = Callable[[Scene], list[Step]]


def _stated(payment: Payment, event_type: str) -> ExpectedItem:
    """An event whose amount and order number are not for everyone to tell."""
    event = ExpectedEvent(type=event_type, payment_id=payment.id)
    return ExpectedItem("announced", event=event)


def _refused(code: str) -> ExpectedItem:
    return ExpectedItem("refused", code)


def paid(scene: Scene) -> list[Step]:
    return [scene.paid(scene.a_payment())]


def authorised(scene: Scene) -> list[Step]:
    payment = scene.a_payment()
    content = scene.built(scene.sender.authorised, payment)
    return [scene.step(content, scene.announced(payment, "PaymentAuthorized"))]


def failed(scene: Scene) -> list[Step]:
    payment = scene.a_payment()
    content = scene.built(scene.sender.failed, payment)
    return [scene.step(content, _stated(payment, "PaymentFailed"))]


def closed(scene: Scene) -> list[Step]:
    payment = scene.a_payment()
    content = scene.built(scene.sender.closed, payment)
    return [scene.step(content, _stated(payment, "PaymentClosed"))]


def disputed(scene: Scene) -> list[Step]:
    payment = scene.a_payment()
    content = scene.built(scene.sender.disputed, payment)
    return [scene.paid(payment), scene.step(content, _stated(payment, "DisputeOpened"))]


def refunded(scene: Scene) -> list[Step]:
    payment = scene.a_payment()
    refund = scene.a_refund(payment, payment.amount_minor)
    return [scene.paid(payment), scene.refunded(payment, refund)]


def partly_refunded(scene: Scene) -> list[Step]:
    """Two parts, then the rest; where totals are stated, their order makes the amounts."""
    if scene.sender.refunds != "many":
        raise NotHere(f"no second refund at {scene.sender.name}")
    payment = scene.a_payment()
    part = scene.part(payment, 4)
    parts = (part, part, payment.amount_minor - 2 * part)
    refunds = [scene.a_refund(payment, minor) for minor in parts]
    steps = [scene.paid(payment), *(scene.refunded(payment, refund) for refund in refunds)]
    return _ordered(steps) if scene.sender.running_totals else steps


def refunded_before_paid(scene: Scene) -> list[Step]:
    if scene.sender.refunds_retell:
        raise NotHere(f"every refund tells its payment at {scene.sender.name}")
    payment = scene.a_payment()
    refund = scene.a_refund(payment, scene.part(payment, 2))
    return [scene.refunded(payment, refund), scene.paid(payment)]


def duplicate(scene: Scene) -> list[Step]:
    """One fact in two deliveries, each with the ids, times and nonces of its own."""
    payment = scene.a_payment()
    return [scene.paid(payment), _again(scene.paid(payment))]


def two_ids_one_payment(scene: Scene) -> list[Step]:
    payment = scene.a_payment()
    other = scene.step(scene.built(scene.sender.second, payment), scene.announced(payment))
    return [scene.paid(payment), _again(other)]


def whole_round(scene: Scene) -> list[Step]:
    """A payment and a refund of a part of it, each told twice; where no refund is told, none."""
    payment = scene.a_payment()
    steps = [scene.paid(payment), _again(scene.paid(payment))]
    if scene.sender.refund is not None:
        refund = scene.a_refund(payment, scene.part(payment, 4))
        steps += [scene.refunded(payment, refund), _again(scene.refunded(payment, refund))]
    return _ordered(steps) if scene.sender.running_totals else steps


def _again(step: Step) -> Step:
    """Return what a second telling must lead to; what waits for an answer waits once more."""
    items = tuple(map(_repeated, step.expectation.items))
    return replace(step, expectation=replace(step.expectation, items=items))


def _repeated(item: ExpectedItem) -> ExpectedItem:
    return replace(item, outcome="duplicate") if item.outcome == "announced" else item


def running_total(scene: Scene) -> list[Step]:
    """Three refunds told as sums; the third overtakes the second, which then adds nothing."""
    if not scene.sender.running_totals:
        raise NotHere(f"not at {scene.sender.name}")
    payment = scene.a_payment()
    part = scene.part(payment, 4)
    first, second, third = (scene.a_refund(payment, part) for _ in range(3))
    return _ordered(
        [
            scene.paid(payment),
            scene.refunded(payment, first),
            scene.refund_step(payment, third, scene.refund_announced(payment, third, 2 * part)),
            scene.refund_step(payment, second, ExpectedItem("duplicate")),
        ]
    )


def _ordered(steps: list[Step]) -> list[Step]:
    return [replace(s, expectation=replace(s.expectation, any_order=False)) for s in steps]


def batch_with_bad_item(scene: Scene) -> list[Step]:
    build, code = scene.sender.batch, scene.sender.batch_code
    if build is None:
        raise NotHere(f"not at {scene.sender.name}")
    payments = tuple(scene.a_payment() for _ in range(BATCH))
    bad = _refused("bad_signature") if code == "bad_signature" else ExpectedItem("parked", code)
    items = [scene.announced(payments[0]), bad, scene.announced(payments[2])]
    return [scene.step(build(payments, scene.keys, scene.ids), *items)]


def wrong_signature(scene: Scene) -> list[Step]:
    """A message of somebody who knows everything but the key."""
    step = scene.step(
        scene.built(scene.sender.payment, scene.a_payment()),
        _refused(scene.sender.forged_code),
        http="either",
    )
    return [replace(step, keys=scene.keys.forged(scene.sender.proves))]


def tampered_amount(scene: Scene) -> list[Step]:
    payment, tampered = scene.a_payment(), scene.sender.tampered
    if tampered is None:
        raise NotHere(f"not at {scene.sender.name}")
    step = scene.step(
        scene.built(scene.sender.payment, payment), _refused("bad_signature"), http="either"
    )
    return [replace(step, damage=lambda body: tampered(body, payment))]


def stale(scene: Scene) -> list[Step]:
    """Well signed a quarter of an hour ago: a recorded message sent again."""
    code = scene.sender.stale_code
    if code is None:
        raise NotHere(f"not at {scene.sender.name}")
    content = scene.built(scene.sender.payment, scene.a_payment())
    step = scene.step(content, _refused(code), http="either")
    return [replace(step, shift_ms=-STALE_BY_MS)]


def unknown_status(scene: Scene) -> list[Step]:
    content = scene.built(scene.sender.unknown, scene.a_payment())
    return [scene.step(content, ExpectedItem("parked", "unknown_meaning"))]


def probe(scene: Scene) -> list[Step]:
    build, code = scene.sender.probe, scene.sender.probe_code
    if build is None or code is None:
        raise NotHere(f"not at {scene.sender.name}")
    signed = build(scene.a_payment(), scene.keys, scene.ids, scene.now_ms)
    return [scene.step(signed, _refused(code), http="failure" if code == "probe" else "either")]


def foreign_account(scene: Scene) -> list[Step]:
    """Well signed by the provider, for another merchant of it."""
    if scene.sender.foreign is None:
        raise NotHere(f"not at {scene.sender.name}")
    setting, code = scene.sender.foreign
    known = scene.keys.settings[setting]
    other = ("1" if known[0] != "1" else "2") + known[1:]
    return [_as_other(scene, scene.keys.with_setting(setting, other), code)]


def test_mode_on_live(scene: Scene) -> list[Step]:
    """The other mode than the account's, whichever that is."""
    code = scene.sender.other_mode_code
    if code is None:
        raise NotHere(f"not at {scene.sender.name}")
    other = "test" if scene.keys.mode == "live" else "live"
    return [_as_other(scene, replace(scene.keys, mode=other), code)]


def _as_other(scene: Scene, keys: AccountKeys, code: str) -> Step:
    content = scene.sender.payment(scene.a_payment(), keys, scene.ids)
    step = scene.step(content, _refused(code), http="either")
    return replace(step, keys=keys)


def conflict(scene: Scene) -> list[Step]:
    """One payment, two amounts, both proven: a person has to decide."""
    payment = scene.a_payment()
    other = replace(payment, amount_minor=payment.amount_minor + scene.sender.unit_minor)
    contradiction = scene.step(
        scene.built(scene.sender.payment, other), ExpectedItem("parked", "conflict")
    )
    return _ordered([scene.paid(payment), contradiction])


SCENARIOS: Final[dict[str, Story]] = {
    "paid": paid,
    "authorised": authorised,
    "failed": failed,
    "closed": closed,
    "refunded": refunded,
    "partly-refunded": partly_refunded,
    "refunded-before-paid": refunded_before_paid,
    "disputed": disputed,
    "round": whole_round,
    "duplicate": duplicate,
    "two-ids-one-payment": two_ids_one_payment,
    "running-total": running_total,
    "batch-with-bad-item": batch_with_bad_item,
    "wrong-signature": wrong_signature,
    "tampered-amount": tampered_amount,
    "stale": stale,
    "unknown-status": unknown_status,
    "probe": probe,
    "foreign-account": foreign_account,
    "test-mode-on-live": test_mode_on_live,
    "conflict": conflict,
}
