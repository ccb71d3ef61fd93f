"""The page that ends the demo: what arrived, what was announced, what was not and why."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from processors.registry import PROVIDERS
from schemas.event import Event
from schemas.money import Money
from schemas.outcome import Outcome
from streams.books import Books
from streams.simulate import Delivery, Report

WIDTH: Final = 96
REASONS: Final = {
    ("ignored", ""): "authentic, nothing to announce (pending, other products)",
    ("duplicate", ""): "the same fact again, under a new delivery, id or nonce",
    ("superseded", ""): "true, but weaker than what was announced already",
    ("refused", "bad_signature"): "forged, tampered with, or signed by a stranger",
    ("refused", "stale"): "genuine, but played again outside the time window",
    ("refused", "malformed"): "cannot be read in exactly one way",
    ("refused", "wrong_account"): "genuine, but meant for another account or mode",
    ("refused", "probe"): "the provider tests whether we verify: it must be told no",
    ("refused", "undecryptable"): "sealed with a key that we do not hold",
    ("parked", "conflict"): "the same payment with another amount: a person decides",
    ("parked", "unknown_meaning"): "genuine, in a state that nobody has given a meaning",
    ("parked", "unknown_key"): "the sender names a key that the account does not hold",
    ("parked", "confirmation_needed"): "the proof announces no money by itself",
}
_STYLES: Final = {"refused": "red", "parked": "yellow", "duplicate": "cyan"}


@dataclass
class Findings:
    """What the demo saw. `differences` are sentences; none means all expectations hold."""

    books: Books
    deliveries: list[Delivery]
    report: Report
    events: list[Event]
    differences: list[str]
    traced: Event
    traced_outcome: Outcome
    seconds: float = 0.0
    log: str = ""

    @property
    def good(self) -> bool:
        return self.books.balanced and not self.differences


def show(findings: Findings) -> None:
    """Print the page to stdout."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    console.print(
        Group(
            _title("What arrived, and what became of it"),
            _arrivals(findings),
            _title("What was announced, each once"),
            _announced(findings),
            _title("What was not announced, and why"),
            _withheld(findings),
            _title("One event, back to its proof"),
            Padding(_trace(findings), (0, 2)),
            _title("Does it add up?"),
            Padding(_verdict(findings), (0, 2)),
        )
    )


def _title(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _arrivals(findings: Findings) -> Table:
    by_provider: dict[str, Counter[str]] = {}
    for (provider, outcome, _), count in findings.books.by_provider.items():
        by_provider.setdefault(provider, Counter())[outcome] += count
    words = ("announced", "duplicate", "superseded", "ignored", "refused", "parked")
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("provider")
    for word in ("items", *words):
        table.add_column(word, justify="right")
    for provider, counts in sorted(by_provider.items()):
        cells = [str(counts[word] or "") for word in words]
        table.add_row(provider, str(counts.total()), *cells)
    totals = sum(by_provider.values(), Counter[str]())
    cells = [str(totals[word] or "") for word in words]
    table.add_row("all", str(totals.total()), *cells, style="bold")
    return table


def _announced(findings: Findings) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("event")
    table.add_column("count", justify="right")
    table.add_column("money")
    for event_type, count in sorted(findings.books.events.items()):
        sums: dict[str, Money] = {}
        for event in findings.events:
            if event.type == event_type and event.amount is not None:
                amount = event.amount
                before = sums.get(amount.currency)
                minor = amount.minor + (0 if before is None else before.minor)
                sums[amount.currency] = Money(minor, amount.currency, amount.exponent)
        table.add_row(event_type, str(count), ", ".join(map(_money, sums.values())))
    return table


def _withheld(findings: Findings) -> Table:
    table = Table(box=None, padding=(0, 2), show_header=False)
    for (outcome, code), count in sorted(findings.books.by_outcome.items()):
        if outcome != "announced":
            style = _STYLES.get(outcome, "")
            why = REASONS.get((outcome, code), "")
            table.add_row(str(count), Text(f"{outcome} {code}".strip(), style=style), why)
    return table


def _trace(findings: Findings) -> Table:
    event, outcome = findings.traced, findings.traced_outcome
    provider = PROVIDERS[event.provider]
    where = outcome.callback
    table = Table(box=None, padding=(0, 1), show_header=False)
    amount = "" if event.amount is None else _money(event.amount)
    table.add_row("event", f"{event.type} {event.refund_id or ''} {amount}")
    table.add_row("", f"of payment {event.payment_id}, event {event.sequence} of that payment")
    table.add_row("ce_id", event.id)
    table.add_row("caused by", f"callback {event.causation_id}")
    table.add_row(
        "whose bytes lie at", f"{where.topic}, partition {where.partition}, offset {where.offset}"
    )
    table.add_row(
        "judged by", f"account revision {outcome.revision} of {event.provider}/{event.account}"
    )
    table.add_row("proof", provider.protocol)
    return table


def _verdict(findings: Findings) -> Text:
    books, report = findings.books, findings.report
    text = Text()
    repeats = report.attempts - len(findings.deliveries)
    text.append(
        f"{len(findings.deliveries)} callbacks planned, {report.attempts} sent"
        f" ({repeats} repeats and broken connections), {books.callbacks} stored.\n"
    )
    mark = (
        "The books balance: every item has one outcome, every announced one its event.\n",
        "green",
    )
    if not books.balanced:
        details = "; ".join([f"{books.in_flight} on their way", *books.examples[:5]])
        mark = (f"The books do NOT balance: {details}\n", "red")
    text.append(*mark)
    if findings.differences:
        text.append("Expectations that do not hold:\n", "red")
        text.append("\n".join(findings.differences[:10]) + "\n", "red")
    else:
        text.append("Every simulated story ended as its teller expected.\n", "green")
    text.append(f"{findings.seconds:.1f} s on the {findings.log}. Nothing is left running.", "dim")
    return text


def _money(money: Money) -> str:
    digits = str(money.minor).rjust(money.exponent + 1, "0")
    if not money.exponent:
        return f"{digits} {money.currency}"
    return f"{digits[: -money.exponent]}.{digits[-money.exponent :]} {money.currency}"
