"""The accounts folder as one book, with every problem of every file at once."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from processors.account import Account
from processors.account_form import Digest, build_account, date_warnings
from processors.contract import Provider, Providers, ReplyWhen
from schemas.revision import Revision
from streams.accounts.book import AccountBook, Entry, entry_of
from streams.accounts.file import AccountFile, read_account_file
from streams.accounts.finding import Finding, found
from streams.accounts.folder_checks import Claim, Name, folder_findings
from streams.config import ServedMode

_NUMBERED: Final = re.compile(r"keys\[(\d+)\]")


def load_accounts(
    folder: Path,
    providers: Providers,
    *,
    environ: Mapping[str, str],
    mode: ServedMode | None,
    digest: Digest,
    seen: Iterable[Revision],
    now_ms: int | None = None,
) -> tuple[AccountBook, tuple[Finding, ...]]:
    """Return the accounts that can be used, and everything that was found, in order of files.

    An account with a problem is not in the book. `mode` None: the one that all accounts share.
    `seen` are the revisions once published, oldest first. `now_ms` dates certificates; None: not
    looked at.
    """
    findings = list(_stray(folder))
    entries: dict[Name, Entry] = {}
    claims = []
    for path in account_paths(folder):
        file, read = read_account_file(path, shown=str(path), environ=environ)
        findings += read
        if file is None:
            continue
        entry = None
        provider = providers.get(file.provider)
        if provider is None:
            known = ", ".join(providers)
            findings.append(
                Finding(file.path, "provider", f"no provider is called {file.provider}; {known}")
            )
        else:
            entry, built = _built_or_named(provider, file, read, digest, now_ms)
            findings += built
        if entry is not None:
            entries[file.provider, file.name] = entry
        claims.append(_claim_of_file(file, entry))
    seen = tuple(seen)
    across = folder_findings(claims, providers, mode=mode, seen=seen)
    for name, finding in across:
        findings.append(finding)
        if finding.is_problem:
            entries.pop(name, None)
    findings += _gone(folder, claims, seen)
    order = {path: place for place, path in enumerate(dict.fromkeys(f.file for f in findings))}
    findings.sort(key=lambda finding: (finding.file, order[finding.file]))
    return AccountBook(providers, entries), tuple(findings)


def account_paths(folder: Path) -> list[Path]:
    """Return the account files of a folder; what a dot begins (Kubernetes' `..data`) is none."""
    return sorted(
        path
        for path in folder.glob("*/*.toml")
        if not path.name.startswith(".") and not path.parent.name.startswith(".")
    )


def claim_of_entry(entry: Entry) -> Claim:
    """Return the claim of an account in force."""
    account = entry.account
    return Claim(
        account.provider, account.name, entry.path, account.mode, account.ledger,
        entry.ledger_named, account.settings,
        frozenset((key.use, key.kid) for key in account.keys), entry.revision,
    )  # fmt: skip


def _claim_of_file(file: AccountFile, entry: Entry | None) -> Claim:
    return Claim(
        file.provider, file.name, file.path, file.mode, file.ledger or file.name,
        file.ledger is not None, file.settings, file.kids,
        None if entry is None else entry.revision,
    )  # fmt: skip


def _built_or_named(
    provider: Provider[Any],
    file: AccountFile,
    read: Sequence[Finding],
    digest: Digest,
    now_ms: int | None,
) -> tuple[Entry | None, list[Finding]]:
    try:
        return _built(provider, file, read, digest, now_ms)
    except Exception as error:  # noqa: BLE001 - our own defect in one account stops no other
        # Only the type: the text may hold what the key's bytes were taken for.
        sentence = f"could not be judged ({type(error).__name__}); a defect, please report it"
        return None, [Finding(file.path, "", sentence)]


def _built(
    provider: Provider[Any],
    file: AccountFile,
    read: Sequence[Finding],
    digest: Digest,
    now_ms: int | None,
) -> tuple[Entry | None, list[Finding]]:
    account, problems = build_account(
        provider,
        name=file.name,
        mode=file.mode,
        ledger=file.ledger,
        settings=file.settings,
        keys=file.keys,
        digest=digest,
    )
    # A key that could not be read was named already; that it is missing follows from it.
    unread = any(finding.field.startswith("keys") for finding in read)
    findings = [
        found(file.path, replace(problem, field=_as_in_file(problem.field, file)))
        for problem in problems
        if not (unread and problem.field == "keys" and problem.sentence.startswith("missing:"))
    ]
    reply_when, fault = _reply_when(provider, file)
    findings += fault
    if account is not None and now_ms is not None:
        findings += _dates(account, file.path, now_ms)
    if account is None or any(finding.is_problem for finding in (*read, *findings)):
        return None, findings
    named = file.ledger is not None
    entry = entry_of(account, digest, path=file.path, reply_when=reply_when, ledger_named=named)
    return entry, findings


def _as_in_file(field: str, file: AccountFile) -> str:
    """Return a field with the number that its key has in the file, where unreadable ones count."""
    return _NUMBERED.sub(lambda m: f"keys[{file.numbers[int(m[1]) - 1]}]", field, count=1)


def _reply_when(provider: Provider[Any], file: AccountFile) -> tuple[ReplyWhen, list[Finding]]:
    if provider.reply_when == "verified" and file.reply_when == "stored":
        sentence = f"{provider.name} signs its replies, which needs proof: always verified"
        return "verified", [Finding(file.path, "reply_when", sentence)]
    return file.reply_when or provider.reply_when, []


def _dates(account: Account, path: str, now_ms: int) -> Iterator[Finding]:
    for problem in date_warnings(account, now_ms):
        finding = found(path, problem)
        if "not valid yet" in finding.sentence:
            yield replace(finding, weight="note")
        else:
            yield replace(
                finding, sentence=f"{finding.sentence}; keep it for replay, add its heir"
            )


def _stray(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        yield Finding(str(folder), "", "no such folder; tillstream accounts init makes it")
        return
    for path in sorted(folder.glob("*.toml")):
        yield Finding(str(path), "", "account files lie in a folder named like their provider")
    if not account_paths(folder):
        yield Finding(str(folder), "", "holds no account; tillstream accounts init", "warning")


def _gone(folder: Path, claims: Sequence[Claim], seen: Sequence[Revision]) -> Iterator[Finding]:
    here = {(claim.provider, claim.name) for claim in claims}
    once = {(revision.provider, revision.account) for revision in seen}
    for provider, name in sorted(once - here):
        path = folder / provider / f"{name}.toml"
        if not path.exists():
            yield Finding(
                str(path),
                "",
                "once in force and now gone: its late callbacks are parked; put the file back and"
                " retire its keys with not_after",
                "warning",
            )
