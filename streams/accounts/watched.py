"""The book in force, swapped when the files change and never for a worse one.

Guarantees:  a file with a problem, or one that vanished, leaves the account's last good revision
             in force and raises an alarm; all other accounts are swapped.
Does not:    start with a problem: there is no earlier revision to keep, and a new process that
             refuses to start leaves the old one running.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Gauge
from watchfiles import awatch

from processors.account_form import Digest
from processors.contract import Providers
from schemas.revision import Revision
from streams.accounts.book import AccountBook, Entry
from streams.accounts.digest_key import load_digest
from streams.accounts.finding import Finding
from streams.accounts.folder_checks import Name, folder_findings
from streams.accounts.load import claim_of_entry, load_accounts
from streams.config import Config, ServedMode
from streams.errors import ConfigurationError

WATCH_STEP_MS: Final = 200
# Where file events do not arrive (some network mounts), the files are looked at this often.
LOOK_EVERY_MS: Final = 30_000
# By then the watching has begun.
FIRST_LOOK_S: Final = 1.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What loading needs, beside the history."""

    folder: Path
    providers: Providers
    environ: Mapping[str, str]
    mode: ServedMode | None
    digest: Digest


class WatchedAccounts:
    """The current book of one process. Listeners hear of each swap, with the new book."""

    def __init__(
        self, where: Where, book: AccountBook, seen: Iterable[Revision], broken: Gauge
    ) -> None:
        self._where = where
        self._current = book
        # A deployment without TILLSTREAM_MODE serves what it started with.
        self._mode = where.mode or book.mode
        self._seen = list(seen) + list(book.revisions())
        self._broken = broken
        self._reported: tuple[Finding, ...] = ()
        self._listeners: list[Callable[[AccountBook], None]] = []
        broken.set(0)

    @classmethod
    def start(
        cls,
        config: Config,
        providers: Providers,
        *,
        registry: CollectorRegistry,
        seen: Iterable[Revision] = (),
        environ: Mapping[str, str] = os.environ,
        now_ms: int | None = None,
    ) -> "WatchedAccounts":
        """Load the folder for the first time.

        Raises:
            ConfigurationError: with every problem of every file.
        """
        digest, findings = load_digest(config.accounts)
        problems = [str(finding) for finding in findings if finding.is_problem]
        seen = tuple(seen)
        book, found = load_accounts(
            config.accounts,
            providers,
            environ=environ,
            mode=config.mode,
            digest=digest or Digest(b"absent"),
            seen=seen,
            now_ms=int(time.time() * 1000) if now_ms is None else now_ms,
        )
        problems += [str(finding) for finding in found if finding.is_problem]
        if problems or digest is None:
            raise ConfigurationError(*problems)
        for finding in (*findings, *found):
            _warn(finding)
        where = Where(
            folder=config.accounts,
            providers=providers,
            environ=environ,
            mode=config.mode,
            digest=digest,
        )
        return cls(where, book, seen, _gauge(registry))

    @property
    def current(self) -> AccountBook:
        return self._current

    def listen(self, listener: Callable[[AccountBook], None]) -> None:
        self._listeners.append(listener)

    def reload(self) -> tuple[Finding, ...]:
        """Read the folder again, swap what is good, and return what was found."""
        return self._take(*self._load())

    def _load(self) -> tuple[AccountBook, tuple[Finding, ...]]:
        return load_accounts(
            self._where.folder,
            self._where.providers,
            environ=self._where.environ,
            mode=self._mode,
            digest=self._where.digest,
            seen=self._seen,
            now_ms=int(time.time() * 1000),
        )

    def _take(self, fresh: AccountBook, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        old = self._current
        vanished = [
            Finding(entry.path, "", "vanished; the account stays in force until the next start")
            for entry in old.entries.values()
            if not Path(entry.path).exists()
        ]
        findings = (*findings, *vanished)
        changed = {name: e for name, e in fresh.entries.items() if e != old.entries.get(name)}
        self._report(findings)
        if changed:
            entries = self._consistent(old.entries, {**old.entries, **changed})
            if entries != old.entries:
                self._swap(AccountBook(self._where.providers, entries))
        return findings

    async def watch(self, stopping: asyncio.Event) -> None:
        """Reload whenever the folder changes, until `stopping` is set."""
        changes = awatch(
            self._where.folder,
            stop_event=stopping,
            step=WATCH_STEP_MS,
            rust_timeout=LOOK_EVERY_MS,
            yield_on_timeout=True,
            watch_filter=None,  # Kubernetes changes the link `..data`, which filters leave out.
        )
        # Written between the first loading and the first watching: seen by nobody else.
        settled = asyncio.create_task(self._reload_after(FIRST_LOOK_S))
        try:
            async for _ in changes:
                await self._reload_beside()
        finally:
            settled.cancel()
            await asyncio.gather(settled, return_exceptions=True)

    async def _reload_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._reload_beside()

    async def _reload_beside(self) -> None:
        # Keys take a while to read; callbacks are answered meanwhile. The swap itself is here.
        self._take(*await asyncio.to_thread(self._load))

    def _consistent(
        self, old: Mapping[Name, Entry], entries: Mapping[Name, Entry]
    ) -> dict[Name, Entry]:
        """Return entries that go together: a newcomer at odds with one in force stands back."""
        merged = dict(entries)
        while True:
            found = folder_findings(
                [claim_of_entry(entry) for entry in merged.values()],
                self._where.providers,
                mode=self._mode,
                seen=self._seen,
            )
            at_odds = {name for name, finding in found if finding.is_problem}
            newcomers = {name for name in at_odds if merged[name] != old.get(name)}
            if not newcomers:
                return merged
            for name in newcomers:
                if name in old:
                    merged[name] = old[name]
                else:
                    del merged[name]

    def _swap(self, book: AccountBook) -> None:
        known = {(revision.key, revision.name) for revision in self._seen}
        news = [r for r in book.revisions() if (r.key, r.name) not in known]
        self._seen += news
        self._current = book
        for revision in news:
            _log.info(
                "account_revised",
                provider=revision.provider,
                account=revision.account,
                revision=revision.name,
                kids=[key.kid for key in revision.keys],
            )
        for listener in self._listeners:
            listener(book)

    def _report(self, findings: tuple[Finding, ...]) -> None:
        broken = {finding.file for finding in findings if finding.is_problem}
        self._broken.set(len(broken))
        if findings == self._reported:
            return
        self._reported = findings
        for finding in findings:
            _warn(finding)


def _warn(finding: Finding) -> None:
    if finding.is_problem:
        _log.error(
            "account_broken",
            alarm="account_broken",
            file=finding.file,
            field=finding.field,
            problem=finding.sentence,
        )
    elif finding.weight == "warning":
        _log.warning(
            "account_warning", file=finding.file, field=finding.field, warning=finding.sentence
        )


def _gauge(registry: CollectorRegistry) -> Gauge:
    return Gauge(
        "tillstream_accounts_broken",
        "Account files with a problem; their last good revision is in force.",
        registry=registry,
    )
