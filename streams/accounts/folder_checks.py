"""What can be wrong between accounts, and between an account and what was once published of it.

Each check says what it found about every account that takes part: which of two files is meant is
for a person to say. Where accounts are swapped while running, those in force stay in force.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from processors.contract import Providers
from schemas.revision import Revision, RevisionKey
from streams.accounts.finding import Finding
from streams.config import ServedMode

Name = tuple[str, str]  # provider, account
# Free texts of accounts that tell nothing about whose money an account reports.
NO_IDENTITY: Final = frozenset({"order_id_metadata_key", "currency", "time_zone", "charset"})


@dataclass(frozen=True, slots=True)
class Claim:
    """What an account file claims, whether or not it loads. `revision` None: it does not."""

    provider: str
    name: str
    path: str
    mode: str
    ledger: str
    ledger_named: bool
    settings: Mapping[str, object]
    kids: frozenset[tuple[str, str]]
    revision: Revision | None

    def problem(self, field: str, sentence: str) -> "Found":
        return (self.provider, self.name), Finding(self.path, field, sentence)

    def warning(self, field: str, sentence: str) -> "Found":
        return (self.provider, self.name), Finding(self.path, field, sentence, "warning")


Found = tuple[Name, Finding]


def folder_findings(
    claims: Sequence[Claim],
    providers: Providers,
    *,
    mode: ServedMode | None,
    seen: Iterable[Revision],
) -> list[Found]:
    """Return what is wrong across accounts, by account. `seen`: every revision once published,
    oldest first; `mode` None: the one that all accounts share."""
    history: dict[Name, list[Revision]] = defaultdict(list)
    for revision in seen:
        history[revision.provider, revision.account].append(revision)
    by_provider: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_provider[claim.provider].append(claim)
    found = list(_modes(claims, mode))
    for name, same in by_provider.items():
        found += _shared_ledgers(same)
        found += _reused_ledgers(same, history)
        if name in providers:
            found += _same_money(same, providers)
    for claim in claims:
        found += _against_history(claim, history[claim.provider, claim.name])
    found += _shared_keys(claims)
    return found


def _modes(claims: Sequence[Claim], mode: ServedMode | None) -> Iterator[Found]:
    modes = {claim.mode for claim in claims} & {"live", "test"}
    # Where nothing is said and modes are mixed, live money goes on and test accounts stand back.
    served = mode or ("live" if "live" in modes else "test")
    for claim in claims:
        if served == "any" or claim.mode not in modes or claim.mode == served:
            continue
        others = "this deployment serves" if mode else "other accounts of this folder have"
        yield claim.problem(
            "mode",
            f"{others} mode {served}; move the account to another deployment, or set"
            " TILLSTREAM_MODE=any",
        )


def _shared_ledgers(same: Sequence[Claim]) -> Iterator[Found]:
    by_ledger: dict[str, list[Claim]] = defaultdict(list)
    for claim in same:
        by_ledger[claim.ledger].append(claim)
    for ledger, sharing in by_ledger.items():
        if len(sharing) == 1 or all(claim.ledger_named for claim in sharing):
            continue
        for claim in sharing:
            others = ", ".join(each.name for each in sharing if each is not claim)
            yield claim.problem(
                "ledger",
                f'{others} has the ledger {ledger} too; write ledger = "{ledger}" into each file'
                " if they report the same money, else give each its own",
            )


def _reused_ledgers(
    same: Sequence[Claim], history: Mapping[Name, Sequence[Revision]]
) -> Iterator[Found]:
    for claim in same:
        earlier = {
            revision.account
            for (provider, account), revisions in history.items()
            if provider == claim.provider and account != claim.name
            for revision in revisions
            if revision.ledger == claim.ledger
        }
        known = any(
            r.ledger == claim.ledger for r in history.get((claim.provider, claim.name), ())
        )
        if earlier and not known and not claim.ledger_named:
            yield claim.problem(
                "ledger",
                f"the ledger {claim.ledger} was used by {', '.join(sorted(earlier))}; write it"
                " into the file if this account goes on with the same money, else choose another",
            )


def _same_money(same: Sequence[Claim], providers: Providers) -> Iterator[Found]:
    names = [
        setting.name
        for setting in providers[same[0].provider].settings
        if not setting.choices and setting.name not in NO_IDENTITY
    ]
    identities = [
        (claim, {name: claim.settings[name] for name in names if name in claim.settings})
        for claim in same
    ]
    for (one, ours), (other, theirs) in combinations(identities, 2):
        if one.ledger == other.ledger or not ours or not theirs:
            continue
        if ours == theirs:
            for claim, against in ((one, other), (other, one)):
                yield claim.problem(
                    "ledger",
                    f"{against.name} has the same {', '.join(sorted(ours))} and another ledger;"
                    " one payment would be announced twice: name one ledger in both files",
                )
        elif ours.items() <= theirs.items() or theirs.items() <= ours.items():
            for claim, against in ((one, other), (other, one)):
                yield claim.warning(
                    "ledger",
                    f"{against.name} may report the same money;"
                    " if it does, name one ledger in both files",
                )


def _against_history(claim: Claim, revisions: Sequence[Revision]) -> Iterator[Found]:
    dropped = {(key.use, key.kid) for each in revisions for key in each.keys} - claim.kids
    for use, kid in sorted(dropped):
        yield claim.problem(
            f"keys ({use} {kid})",
            "once in force and now missing; put the key back and retire it with not_after",
        )
    ledgers = {each.ledger for each in revisions} - {claim.ledger}
    if ledgers:
        yield claim.problem(
            "ledger",
            f"was {', '.join(sorted(ledgers))}; under another name every payment would be"
            " announced again: put it back",
        )
    if revisions and claim.revision is not None:
        before = {(key.use, key.kid): key for key in revisions[-1].keys}
        for key in claim.revision.keys:
            old = before.get((key.use, key.kid))
            if old is not None and _material(old) != _material(key):
                yield claim.warning(
                    f"keys ({key.use} {key.kid})",
                    "another key than the one once published under this kid; if that one was good,"
                    " put it back with not_after and give the new key its own kid",
                )


def _shared_keys(claims: Sequence[Claim]) -> Iterator[Found]:
    holders: dict[str, list[tuple[Claim, RevisionKey]]] = defaultdict(list)
    for claim in claims:
        for key in claim.revision.keys if claim.revision is not None else ():
            if key.use in ("verify", "decrypt", "sign"):
                holders[_material(key)].append((claim, key))
    for sharing in holders.values():
        for claim, key in sharing:
            others = {
                other.name
                if other.provider == claim.provider
                else f"{other.provider}/{other.name}"
                for other, same in sharing
                if other is not claim and not _naturally_shared(claim, other, key, same)
            }
            if others:
                yield claim.warning(
                    f"keys ({key.use} {key.kid})",
                    f"{', '.join(sorted(others))} holds the same key; check that it was not copied"
                    " into the wrong file",
                )


def _naturally_shared(one: Claim, other: Claim, key: RevisionKey, same: RevisionKey) -> bool:
    """One ledger is one contract; a certificate that its issuer names alike is everybody's."""
    if one.provider != other.provider:
        return False
    return one.ledger == other.ledger or (key.kind == "certificate" and key.kid == same.kid)


def _material(key: RevisionKey) -> str:
    return key.public or key.digest or ""
