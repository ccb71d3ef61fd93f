"""From what a merchant writes down to an `Account`, with every problem found at once."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from processors.account import Account
from processors.contract import Provider
from processors.keys import Certificates, Key, KeyForm, KeyProblem, public_pem
from schemas.revision import Revision, RevisionKey

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RawKey:
    """A key as it is entered; `text` is console text or PEM. The material is never printed."""

    kid: str
    use: str
    kind: str
    text: str
    not_before_ms: int | None = None
    not_after_ms: int | None = None

    def __repr__(self) -> str:
        return f"RawKey({self.kid!r}, {self.use!r}, {self.kind!r})"


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of an account: the field and a sentence that says what to do.

    A `warning` does not keep the account from being used.
    """

    field: str
    sentence: str
    warning: bool = False


class Digest:
    """Makes keyed digests of secrets, so that a revision can be compared and not guessed."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, octets: bytes) -> str:
        return hashlib.blake2b(octets, key=self._key, digest_size=16).hexdigest()


def build_account(
    provider: Provider[Any],
    *,
    name: str,
    mode: str,
    ledger: str | None,
    settings: Mapping[str, object],
    keys: Sequence[RawKey],
    digest: Digest,
) -> tuple[Account | None, tuple[Problem, ...]]:
    """Return the account, or None where a problem forbids its use; always every problem.

    `digest` makes the keyed digest of secret material for the published revision.
    """
    problems: list[Problem] = []
    if mode not in ("live", "test"):
        problems.append(Problem("mode", 'say mode = "live" or mode = "test"'))
    for field, value in (("name", name), ("ledger", ledger or name)):
        if not NAME.fullmatch(value):
            problems.append(Problem(field, "use 1 to 64 of a-z, 0-9, dot, dash, underscore"))
    checked = _settings(provider, settings, problems)
    loaded = _keys(provider, keys, problems)
    if any(not problem.warning for problem in problems):
        return None, tuple(problems)
    account = Account(
        provider=provider.name,
        name=name,
        mode="live" if mode == "live" else "test",
        ledger=ledger or name,
        settings=checked,
        keys=tuple(loaded),
        revision="",
    )
    problems += [Problem("keys", sentence) for sentence in provider.check(account)]
    if any(not problem.warning for problem in problems):
        return None, tuple(problems)
    return _named(account, digest), tuple(problems)


def revision_of(account: Account, digest: Digest) -> Revision:
    """Return what the accounts topic keeps of an account."""
    return Revision(
        account.provider,
        account.name,
        account.mode,
        account.ledger,
        tuple(sorted(account.settings.items())),
        tuple(_revision_key(key, digest) for key in account.keys),
    )


def _named(account: Account, digest: Digest) -> Account:
    return Account(
        provider=account.provider,
        name=account.name,
        mode=account.mode,
        ledger=account.ledger,
        settings=account.settings,
        keys=account.keys,
        revision=revision_of(account, digest).name,
    )


def _revision_key(key: Key, digest: Digest) -> RevisionKey:
    public = public_pem(key.material)
    secret = None if public is not None else digest(key.secret.reveal())
    return RevisionKey(
        key.kid, key.use, key.kind, public, secret, key.not_before_ms, key.not_after_ms
    )


def _settings(
    provider: Provider[Any], given: Mapping[str, object], problems: list[Problem]
) -> dict[str, str]:
    known = {setting.name: setting for setting in provider.settings}
    problems += [
        Problem(f"settings.{name}", f"unknown setting; {provider.name} knows {', '.join(known)}")
        for name in given
        if name not in known
    ]
    checked = {}
    for name, setting in known.items():
        value = given.get(name)
        if value is None:
            if setting.required:
                problems.append(Problem(f"settings.{name}", f"missing: {setting.meaning}"))
            continue
        if not isinstance(value, str) or not value or value != value.strip():
            problems.append(Problem(f"settings.{name}", "write a text without blanks around it"))
        elif setting.choices and value not in setting.choices:
            choices = ", ".join(setting.choices)
            problems.append(Problem(f"settings.{name}", f"choose one of {choices}"))
        else:
            checked[name] = value
    return checked


def _keys(provider: Provider[Any], given: Sequence[RawKey], problems: list[Problem]) -> list[Key]:
    forms: dict[tuple[str, str], KeyForm] = {(form.use, form.kind): form for form in provider.keys}
    loaded = []
    for number, raw in enumerate(given, start=1):
        where = f"keys[{number}] ({raw.use} {raw.kid})"
        form = forms.get((raw.use, raw.kind))
        if form is None:
            expected = "; ".join(f"{use} {kind}" for use, kind in forms)
            problems.append(Problem(where, f"{provider.name} takes {expected}"))
            continue
        key = _key(form, raw, where, problems)
        if key is not None:
            loaded.append(key)
    counted = Counter((raw.use, raw.kid) for raw in given)
    problems += [
        Problem(f"keys ({use} {kid})", "two keys of one use and kid; give each its own kid")
        for (use, kid), count in counted.items()
        if count > 1
    ]
    for form in provider.keys:
        if form.required and not any(raw.use == form.use for raw in given):
            problems.append(Problem("keys", f"missing: {form.use} {form.kind}, {form.note}"))
    return loaded


def _key(form: KeyForm, raw: RawKey, where: str, problems: list[Problem]) -> Key | None:
    if not raw.kid:
        problems.append(Problem(where, 'give the key a kid, "1" where the provider names none'))
        return None
    before, after = raw.not_before_ms, raw.not_after_ms
    if before is not None and after is not None and before >= after:
        problems.append(Problem(where, "not_after must lie behind not_before"))
    try:
        material = form.decode(raw.text)
    except KeyProblem as problem:
        problems.append(Problem(where, str(problem)))
        return None
    return Key(raw.kid, form.use, form.kind, material, before, after)


def date_warnings(account: Account, now_ms: int) -> tuple[Problem, ...]:
    """Return warnings about certificates outside their dates: kept for replay, good for nothing
    new."""
    warnings = []
    for key in account.keys:
        if isinstance(key.material, Certificates):
            where = f"keys ({key.use} {key.kid})"
            if key.material.not_after_ms < now_ms:
                warnings.append(Problem(where, "the certificate has expired", warning=True))
            elif key.material.not_before_ms > now_ms:
                warnings.append(Problem(where, "the certificate is not valid yet", warning=True))
    return tuple(warnings)
