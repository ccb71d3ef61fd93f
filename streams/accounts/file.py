"""One account file: read strictly, with every fault named.

A member that nobody knows is a fault: `tolerance` misspelt would otherwise be no tolerance.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args

from processors.account_form import RawKey
from processors.contract import ReplyWhen
from processors.keys import KeyKind, KeyUse
from streams.accounts.finding import Finding
from streams.accounts.material import Source, key_sources

ACCOUNT_BYTES_MAX: Final = 1024 * 1024
MEMBERS: Final = ("provider", "mode", "ledger", "reply_when", "settings", "keys")
KEY_MEMBERS: Final = ("kid", "use", "kind", "not_before", "not_after")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AccountFile:
    """What an account file says. `ledger` None: it names none. `keys` cannot be printed."""

    provider: str
    name: str
    path: str
    mode: str
    ledger: str | None
    reply_when: ReplyWhen | None
    settings: Mapping[str, object]
    keys: tuple[RawKey, ...]
    numbers: tuple[int, ...]  # of each of `keys` in the file; unreadable ones are left out
    kids: frozenset[tuple[str, str]]  # use and kid of every key, the unreadable ones too


def read_account_file(
    path: Path, *, shown: str, environ: Mapping[str, str]
) -> tuple[AccountFile | None, list[Finding]]:
    """Return the file's content, None where it cannot be used at all; always every fault.

    Provider and account are named by the path, `<provider>/<account>.toml`; `shown` is the path in
    findings.
    """
    findings: list[Finding] = []
    try:
        members = _members(path)
    except ValueError as error:
        return None, [Finding(shown, "", str(error))]
    reading = _Reading(shown, key_sources(path.parent, environ), findings)
    reading.unknown(members, MEMBERS, "")
    provider = reading.text(members, "provider", "")
    if provider is not None and provider != path.parent.name:
        reading.fault("provider", f"the file lies in the folder of {path.parent.name}; move it")
    settings = members.get("settings", {})
    if not isinstance(settings, dict):
        reading.fault("settings", "write a table: [settings]")
        settings = {}
    keys = reading.keys(members)
    account = AccountFile(
        provider=path.parent.name,
        name=path.name.removesuffix(".toml"),
        path=shown,
        mode=reading.text(members, "mode", "") or "",
        ledger=reading.text(members, "ledger", "", required=False),
        reply_when=reading.reply_when(members),
        settings=settings,
        keys=tuple(key for _, key in keys if key is not None),
        numbers=tuple(number for number, key in keys if key is not None),
        kids=_kids(members),
    )
    return account, findings


def _members(path: Path) -> dict[str, Any]:
    """Raises ValueError with a sentence that repeats nothing of the file."""
    try:
        with path.open("rb") as file:
            octets = file.read(ACCOUNT_BYTES_MAX + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ValueError(f"cannot be read: {reason}") from error
    if len(octets) > ACCOUNT_BYTES_MAX:
        raise ValueError(f"larger than {ACCOUNT_BYTES_MAX} bytes; no account is")
    try:
        return tomllib.loads(octets.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        # Some messages of the parser quote what they stopped at; the place is enough.
        place = str(error).rpartition("(")[2].removesuffix(")")
        raise ValueError(f"not TOML: look {place}") from None
    except RecursionError:
        raise ValueError("not TOML of an account: nested too deeply") from None


def _key_tables(members: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    entries = members.get("keys", [])
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        return None
    return entries


def _kids(members: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (str(entry.get("use")), str(entry.get("kid"))) for entry in _key_tables(members) or ()
    )


class _Reading:
    """Takes members out of a file and notes what is wrong with them."""

    def __init__(self, shown: str, sources: Mapping[str, Source], findings: list[Finding]) -> None:
        self._shown = shown
        self._sources = sources
        self._findings = findings

    def fault(self, field: str, sentence: str) -> None:
        self._findings.append(Finding(self._shown, field, sentence))

    def unknown(self, members: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        for name in members:
            if name not in known:
                # A secret pasted as a bare word would be the name: long names are not repeated.
                field = name if len(name) <= 24 else f"{name[:4]}..."
                self.fault(f"{where}{field}", f"no such member; known are {', '.join(known)}")

    def text(
        self, members: Mapping[str, Any], name: str, where: str, *, required: bool = True
    ) -> str | None:
        value = members.get(name)
        if value is None and not required:
            return None
        if isinstance(value, str) and value:
            if value != value.strip() or not value.isprintable():
                # A kid with a blank behind it never equals what the provider sends.
                self.fault(f"{where}{name}", "blanks or line ends in or around it; remove them")
                return None
            return value
        if name != "mode":  # What a mode may be is said by the account's form.
            sentence = "missing" if value is None else "write a text in quotes"
            if value == "":
                sentence = "it is empty; fill it in"
            self.fault(f"{where}{name}", sentence)
        return None

    def reply_when(self, members: Mapping[str, Any]) -> ReplyWhen | None:
        match members.get("reply_when"):
            case "stored":
                return "stored"
            case "verified":
                return "verified"
            case None:
                return None
        self.fault("reply_when", "choose one of stored, verified")
        return None

    def keys(self, members: Mapping[str, Any]) -> list[tuple[int, RawKey | None]]:
        entries = _key_tables(members)
        if entries is None:
            self.fault("keys", "write each key as a table: [[keys]]")
        return [
            (number, self._key(entry, number)) for number, entry in enumerate(entries or (), 1)
        ]

    def _key(self, entry: Mapping[str, Any], number: int) -> RawKey | None:
        where = f"keys[{number}]."
        self.unknown(entry, (*KEY_MEMBERS, *self._sources), where)
        kid = self.text(entry, "kid", where)
        use = self._word(entry, "use", where, get_args(KeyUse))
        kind = self._word(entry, "kind", where, get_args(KeyKind))
        text = self._material(entry, number)
        before, after = (self._moment(entry, name, where) for name in ("not_before", "not_after"))
        if use is None or kind is None or text is None:
            return None
        # A key without a kid is a fault already; its material is looked at all the same.
        return RawKey(kid or f"#{number}", use, kind, text, before, after)

    def _word(
        self, entry: Mapping[str, Any], name: str, where: str, words: tuple[str, ...]
    ) -> str | None:
        text = self.text(entry, name, where)
        if text is not None and text not in words:
            # Another word may be the key itself, pasted a line too high: it is not repeated.
            self.fault(f"{where}{name}", f"choose one of {', '.join(words)}")
            return None
        return text

    def _material(self, entry: Mapping[str, Any], number: int) -> str | None:
        named = [name for name in self._sources if name in entry]
        where = f"keys[{number}]"
        if len(named) != 1:
            self.fault(where, f"give the key by exactly one of {', '.join(self._sources)}")
            return None
        value = entry[named[0]]
        if not isinstance(value, str):
            self.fault(f"{where}.{named[0]}", "write a text in quotes")
            return None
        try:
            return self._sources[named[0]](value)
        except ValueError as error:
            self.fault(f"{where}.{named[0]}", str(error))
            return None

    def _moment(self, entry: Mapping[str, Any], name: str, where: str) -> int | None:
        value = entry.get(name)
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.fault(f"{where}{name}", "write a time with its zone: 2026-01-01T00:00:00Z")
            return None
        return (value - _EPOCH) // timedelta(milliseconds=1)
