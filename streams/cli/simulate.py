"""`tillstream simulate`: signed callbacks as the providers would send them."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streams.cli.frame import current_config, now_ms, run_async
from streams.cli.output import FINDING, USAGE, JsonFlag, fail, print_result, table

if TYPE_CHECKING:  # Loaded when the command runs: --help must not wait for them.
    from streams.simulate import AccountKeys, Delivery, Faults, Report

FAULT_NAMES: Final = ("repeat", "shuffle", "hang-up", "torn")
ALL: Final = "all"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate", help="Send signed callbacks as the providers would send them.")(
        simulate
    )


def simulate(
    providers: Annotated[list[str] | None, typer.Argument(metavar="[PROVIDER]...")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every provider with keys.")] = False,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="What happens; 'all' for everything. Default: paid; with --all round."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Stories in all. Default: one of each kind.")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Requests a second.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1_000, help="Connections.")] = 16,
    faults: Annotated[
        str, typer.Option(help="Percent of deliveries, as repeat=5,shuffle=5,hang-up=5,torn=5.")
    ] = "",
    seed: Annotated[str | None, typer.Option(help="The same seed tells the same stories.")] = None,
    to: Annotated[
        str | None, typer.Option(help="http://host:port. Default: TILLSTREAM_LISTEN.")
    ] = None,
    accounts: Annotated[
        Path | None, typer.Option(help="Folder of accounts. Default: TILLSTREAM_ACCOUNTS.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=1.0, help="How many times faster the providers repeat.")
    ] = 10_000.0,
    attempts: Annotated[int, typer.Option(min=1, max=100, help="Sends of one callback.")] = 16,
    presign: Annotated[
        bool, typer.Option("--presign", help="Sign everything first; tells the signing rate.")
    ] = False,
    expect: Annotated[
        Path | None, typer.Option(help="Write what each callback must lead to, as JSON lines.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="Stop after this time.")] = 600.0,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Send to another machine: yours, not others'.")
    ] = False,
    json_flag: JsonFlag = False,
) -> None:
    from streams.errors import ConfigurationError
    from streams.simulate import NoKeys, load_keys

    target = to or _own_address()
    try:
        keys = load_keys(accounts or current_config().accounts)
        names = _names(providers, every, keys)
        scenarios = scenario or ["round" if every else "paid"]
        run = _Run(names, scenarios, count, seed or secrets.token_hex(4), keys)
        deliveries, signing = run.signed(presign)
        report = _delivered(
            _written(deliveries, expect), target, run.count, rate=rate, concurrency=concurrency,
            attempts=attempts, speed=speed, faults=_faults(faults, run.seed), seconds_max=seconds,
            allow_remote=allow_remote,
        )  # fmt: skip
    except NoKeys as error:
        raise ConfigurationError(str(error)) from error
    except ValueError as error:
        fail(str(error), USAGE)
    members = {"seed": run.seed, "to": target, "stories": run.count} | signing | report.members()
    rows = [(name, _shown(value)) for name, value in members.items()]
    print_result(json_flag, table("Simulated", ("what", "value"), rows), members)
    if report.unexpected or report.stopped_early:
        raise typer.Exit(FINDING)


class _Run:
    """What is told: names checked, seed and count settled."""

    def __init__(
        self, providers: list[str], scenarios: list[str], count: int | None, seed: str,
        keys: "tuple[AccountKeys, ...]",
    ) -> None:  # fmt: skip
        from streams.simulate import SCENARIOS, combinations

        self._providers = providers
        self._scenarios = list(SCENARIOS) if ALL in scenarios else scenarios
        self._keys = keys
        self.seed = seed
        self.count = count or combinations(providers, self._scenarios, keys)

    def signed(self, presign: bool) -> "tuple[Iterable[Delivery], dict[str, Any]]":
        """Return deliveries, and with `presign` how fast all of them were signed."""
        from streams.simulate import stories

        told = stories(
            self._providers, self._scenarios, self.count, self.seed, self._keys, now_ms=now_ms
        )
        deliveries = chain.from_iterable(told)
        if not presign:
            return deliveries, {}
        started = time.perf_counter()
        listed = list(deliveries)
        return listed, {"signed_per_second": len(listed) / (time.perf_counter() - started)}


def _own_address() -> str:
    host, port = current_config().listen
    # To listen everywhere is not an address to send to.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _names(providers: list[str] | None, every: bool, keys: "tuple[AccountKeys, ...]") -> list[str]:
    if every == bool(providers):
        raise ValueError("name providers, or write --all")
    held = dict.fromkeys(account.provider for account in keys)
    return list(dict.fromkeys(providers or held))


def _faults(text: str, seed: str) -> "Faults":
    from streams.simulate import Faults

    shares = dict.fromkeys(FAULT_NAMES, 0.0)
    for part in filter(None, text.split(",")):
        name, _, percent = part.strip().partition("=")
        if name not in shares or not percent.isdigit() or int(percent) > 100:
            raise ValueError(f"faults are written as {'=5,'.join(FAULT_NAMES)}=5, in percent")
        shares[name] = int(percent) / 100
    return Faults(
        shares["repeat"], shares["shuffle"], shares["hang-up"], shares["torn"], seed=seed
    )  # fmt: skip


def _written(deliveries: "Iterable[Delivery]", file: Path | None) -> "Iterable[Delivery]":
    """Yield the deliveries; each one's expectation is written before it is sent."""
    if file is None:
        return deliveries
    return _writing(deliveries, file)


def _writing(deliveries: "Iterable[Delivery]", file: Path) -> "Iterator[Delivery]":
    from streams.simulate import expectation_line

    with file.open("wb") as lines:
        for delivery in deliveries:
            lines.write(expectation_line(delivery))
            yield delivery


def _delivered(
    deliveries: "Iterable[Delivery]", target: str, stories: int, *, attempts: int, speed: float,
    **options: Any,
) -> "Report":  # fmt: skip
    from streams.simulate import Retry, deliver

    retry = Retry(speed=speed, attempts_max=attempts)
    with _bar(stories) as on_done:
        return run_async(deliver(deliveries, target, retry=retry, on_done=on_done, **options))


@contextmanager
def _bar(stories: int) -> "Iterator[Callable[[Delivery], None] | None]":
    """A bar on stderr, which only a terminal gets; it counts stories."""
    import sys

    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    seen: set[str] = set()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Sending", total=stories)

        def on_done(delivery: "Delivery") -> None:
            seen.add(delivery.story)
            bar.update(task, completed=len(seen))

        yield on_done


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {number}" for name, number in value.items())
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value)
