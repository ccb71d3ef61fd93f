"""The page that the demonstration ends with."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.demo.checks import Check
from deploy.demo.reading import Reading
from deploy.demo.shop import Shop, story
from deploy.demo.shop_page import shop_table, timeline_table
from deploy.demo.trace import Trace
from schemas.event import EVENT_TYPES
from schemas.money import Money
from schemas.outcome import STANDING
from schemas.times import rfc3339
from streams.downstream.messages import shown_money
from streams.simulate import Delivery, Report

# In the order of the page, each with its name and how its callbacks prove themselves.
PROVIDERS: Final[Mapping[str, tuple[str, str]]] = {
    "alipay": ("Alipay", "RSA over the sorted form"),
    "wechatpay-v3": ("WeChat Pay v3", "RSA, then AES-GCM opened"),
    "wechatpay-v2": ("WeChat Pay v2", "keyed hash; refunds sealed"),
    "unionpay": ("UnionPay", "certificate in the message"),
    "stripe": ("Stripe", "HMAC over time and body"),
    "adyen": ("Adyen", "HMAC of each batch item"),
    "paypal": ("PayPal", "RSA over id, time, CRC-32"),
}
MEANINGS: Final[Mapping[str, str]] = {
    "PaymentAuthorized": "money is reserved, not yet taken",
    "PaymentSucceeded": "money is captured",
    "PaymentFailed": "one attempt failed, another may follow",
    "PaymentClosed": "final: it will not be paid",
    "PaymentReversed": "captured money was taken back",
    "PaymentLinked": "its order number became known",
    "RefundCompleted": "money went back to the payer",
    "RefundFailed": "a refund did not get through",
    "DisputeOpened": "the payer contests a payment",
    "DisputeWon": "the dispute ended in our favour",
    "DisputeLost": "the dispute ended against us",
}
REASONS: Final[Mapping[str, str]] = {
    "bad_signature": "forged or changed: the proof does not fit",
    "stale": "genuine, but old: a recording played again",
    "malformed": "cannot be read in exactly one way",
    "wrong_account": "genuine, for another merchant or mode",
    "probe": "the provider tests whether we check: we do",
    "undecryptable": "sealed with a key that is not ours",
    "foreign": "a record that is not ours",
    "unknown_key": "names a key that the account does not hold",
    "unknown_meaning": "genuine, in a state without a known meaning",
    "confirmation_needed": "genuine, the provider must confirm it first",
    "conflict": "two amounts for one payment: a person decides",
    "too_old": "older than the ledger remembers",
    "defect": "a fault of our own",
}
# Only of these does a sum say something: the rest is money that did not move.
MOVED: Final = ("PaymentSucceeded", "PaymentReversed", "RefundCompleted")
STYLES: Final = {"announced": "green", "refused": "yellow", "parked": "magenta"}
WRONG_SHOWN_MAX: Final = 8


@dataclass(frozen=True)
class Run:
    """What a demonstration did; `way` names the log and the processes, `seconds` it all took."""

    way: str
    seed: str
    stories: int
    seconds: float
    deliveries: Sequence[Delivery]
    report: Report
    reading: Reading
    trace: Trace | None
    shop: Shop
    checks: Sequence[Check]

    @property
    def good(self) -> bool:
        return all(check.holds for check in self.checks)


def print_page(run: Run, console: Console) -> None:
    """Print the page of a run."""
    parts = (
        _opening(run),
        _titled("What arrived, and what became of it", _arrived(run)),
        _titled("What was announced, each fact once", _announced(run.reading)),
        _titled("What was not announced, and why", _withheld(run.reading)),
        _titled("One event, followed back to its proof", _trace(run.trace)),
        _titled("What a shop made of it, each effect once", shop_table(run.shop)),
        _titled(
            "One payment, from its first callback to the shop",
            timeline_table(story(run.reading, run.shop), run.shop),
        ),
        _titled("Did it all come out right?", _checked(run.checks)),
        _closing(run),
    )
    console.print(Group(*parts))


def _opening(run: Run) -> RenderableType:
    report, sent = run.report, run.report.attempts
    twice = report.deliveries - len(run.deliveries)
    return Group(
        Text("Tillstream: payment callbacks become proven facts, announced once", style="bold"),
        Text(f"{run.way}\n", style="dim"),
        Text(
            f"Seven simulated providers told {run.stories} stories: payments, refunds, disputes,"
            f" and forgeries, stale recordings, contradictions. On the way {twice} callbacks were"
            f" sent twice, and {report.faults} times the sender hung up, halfway through or before"
            f" the answer, and tried again. That made {sent} HTTP requests, of which"
            f" {len(run.reading.callbacks)} came in whole and were stored before anything else."
        ),
    )


def _titled(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold cyan"), Padding(body, (0, 0, 0, 2)))


def _plain_table(*columns: tuple[str, str]) -> Table:
    """A table without lines; a column is its heading and `left` or `right`."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading, side in columns:
        right = side == "right"
        made.add_column(heading, justify="right" if right else "left", no_wrap=right)
    return made


def _arrived(run: Run) -> RenderableType:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for callback, outcome in run.reading.outcomes:
        counted[callback.provider][outcome.outcome] += 1
    callbacks = Counter(each.callback.provider for each in run.reading.callbacks.values())
    table = _plain_table(
        ("provider", "left"), ("its proof", "left"), ("came", "right"), ("new", "right"),
        ("again", "right"), ("refused", "right"), ("parked", "right"),
    )  # fmt: skip
    for provider in (*PROVIDERS, *(counted.keys() - PROVIDERS.keys())):
        name, proof = PROVIDERS.get(provider, (provider, ""))
        table.add_row(name, proof, str(callbacks[provider]), *_fates(counted[provider]))
    total: Counter[str] = sum(counted.values(), Counter())
    table.add_row("together", "", str(callbacks.total()), *_fates(total), style="bold")
    items = total.total() - callbacks.total()
    note = (
        f"new: announced. again: a fact already announced, told once more. Some callbacks are"
        f" batches: {callbacks.total()} held {total.total()} items, each judged by itself."
    )
    return Group(table, Text(note, style="dim") if items else Text())


def _fates(counted: Counter[str]) -> list[str]:
    again = sum(counted[word] for word in STANDING if word != "announced")
    shown = (counted["announced"], again, counted["refused"], counted["parked"])
    return [str(number) if number else "-" for number in shown]


def _announced(reading: Reading) -> RenderableType:
    counted = Counter(event.type for event in reading.events)
    sums: dict[str, dict[str, Money]] = defaultdict(dict)
    for event in reading.events:
        if event.amount is not None and event.type in MOVED:
            sums[event.type][event.amount.currency] = _added(sums[event.type], event.amount)
    table = _plain_table(
        ("event", "left"), ("", "right"), ("that is", "left"), ("in all", "left")
    )  # fmt: skip
    for kind in EVENT_TYPES:
        if counted[kind]:
            money = "\n".join(shown_money(each) for _, each in sorted(sums[kind].items()))
            table.add_row(Text(kind, style="green"), str(counted[kind]), MEANINGS[kind], money)
    return table


def _withheld(reading: Reading) -> RenderableType:
    counted = Counter((outcome.outcome, outcome.code) for _, outcome in reading.outcomes)
    table = _plain_table(("", "left"), ("code", "left"), ("", "right"), ("in words", "left"))
    for (word, code), count in sorted(counted.items(), key=lambda each: (each[0][0], -each[1])):
        if word != "announced":
            words = REASONS.get(code or "", _WITHOUT_CODE.get(word, ""))
            table.add_row(Text(word, style=STYLES.get(word, "dim")), code or "", str(count), words)
    note = (
        "Refused is the sender's fault. Parked is ours to act on: tillstream quarantine lists it,"
        " and releases it once we know what it means."
    )
    return Group(table, Text(note, style="dim"))


_WITHOUT_CODE: Final[Mapping[str, str]] = {
    "duplicate": "announced already, and told once more",
    "superseded": "weaker than what is known of the payment",
    "ignored": "genuine, and nothing to announce",
}


def _trace(trace: Trace | None) -> RenderableType:
    if trace is None:
        return Text("There is no event to follow.")
    event, stored, fact = trace.event, trace.stored, trace.fact
    callback, position = stored.callback, stored.record.position
    name = PROVIDERS.get(event.provider, (event.provider, ""))[0]
    amount = "" if event.amount is None else shown_money(event.amount)
    key = "" if trace.key is None else f", the account's {trace.key.kind}"
    again = "told once" if not trace.repeats else f"told {trace.repeats + 1} times, announced once"
    steps = (
        ("event", f"{event.type}, {amount}, order {event.merchant_order_id}\n{event.id}, {again}"),
        ("caused by", f"callback {callback.id} of {name}, {event.account}\n"
                      f"received {rfc3339(callback.received_at_ms)}"),
        ("stored as", f"{position.topic}, partition {position.partition}, offset"
                      f" {position.offset}\n{len(callback.body)} bytes, SHA-256"
                      f" {trace.digest[:32]}..."),
        ("judged by", f"revision {fact.revision} of the account {fact.provider}/{fact.account}"),
        ("proven by", f"key {fact.kid}{key} ({fact.proof})"),
        ("once more", "judged again from the log just now: "
                      + ("the same fact, byte for byte" if trace.again else "ANOTHER fact")),
        ("one bit", f"of the body changed: {trace.altered}"),
    )  # fmt: skip
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for step, text in steps:
        table.add_row(step, Text(text))
    return table


def _checked(checks: Iterable[Check]) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    for check in checks:
        mark = Text("yes", style="green") if check.holds else Text("NO", style="bold red")
        lines = [check.claim, *(f"- {each}" for each in check.wrong[:WRONG_SHOWN_MAX])]
        if len(check.wrong) > WRONG_SHOWN_MAX:
            lines.append(f"- and {len(check.wrong) - WRONG_SHOWN_MAX} more")
        table.add_row(mark, Text("\n".join(lines)))
    return table


def _closing(run: Run) -> RenderableType:
    if not run.good:
        text = f"\nNOT GOOD. The same stories again: --seed {run.seed} ({run.seconds:.1f} s)"
        return Text(text, style="bold red")
    return Group(
        Text(f"\nAll good, in {run.seconds:.1f} s; nothing is left running.", style="bold green"),
        Text(
            "Next: tillstream accounts init --demo; tillstream up; and in another terminal"
            " tillstream simulate --all, tillstream tail, tillstream books. README.md says more.",
            style="dim",
        ),
    )


def _added(sums: Mapping[str, Money], amount: Money) -> Money:
    before = sums.get(amount.currency)
    minor = amount.minor + (0 if before is None else before.minor)
    return Money(minor, amount.currency, amount.exponent)
