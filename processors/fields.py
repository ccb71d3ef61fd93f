"""Named values of a message, each read in one way; what is absent is an error.

Words get their meaning from tables, and accounts and modes are compared.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from processors.encodings import digits
from processors.moments import UNIX_SECONDS_MAX, local_ms, rfc3339_ms
from schemas.errors import CallbackError, Malformed, UnknownMeaning, WrongAccount

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number that is no short integer, as its text: it never passes through a float."""

    text: str


class Fields:
    """An object with named members, of which each reading says what it expects."""

    __slots__ = ("_members", "_where")

    def __init__(self, members: Mapping[str, Any], where: str = "") -> None:
        self._members = members
        self._where = where

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return every name with what stands there, unread."""
        return self._members.items()

    def raw(self, name: str) -> Any:
        """Return a member as it was parsed, None where it is absent or null."""
        return self._members.get(name)

    def text(self, name: str, *, absent: type[CallbackError] = Malformed) -> str:
        """Return a text that is there and not empty.

        Raises:
            CallbackError: `absent` where it is missing, null or empty; Malformed where no text.
        """
        value = self._members.get(name)
        if value is None or value == "":
            raise absent(f"{self._where}{name} is missing")
        if not isinstance(value, str):
            raise Malformed(f"{self._where}{name} is no text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where it is absent, null or empty."""
        value = self._members.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise Malformed(f"{self._where}{name} is no text")
        return value

    def integer(self, name: str) -> int:
        """Return a JSON integer (no float, no bool, no text).

        Raises:
            Malformed: absent or another type.
        """
        value = self._members.get(name)
        if type(value) is not int:
            raise Malformed(f"{self._where}{name} is no integer")
        return value

    def number(self, name: str) -> str:
        """Return the text of a JSON number, for `Money.from_major`; see `exact_json_fields`.

        Raises:
            Malformed: absent or another type; a float, whose text is lost, is one.
        """
        value = self._members.get(name)
        if isinstance(value, Number):
            return value.text
        return str(self.integer(name))

    def id_text(self, name: str) -> str:
        """Return an id that comes as text or as a JSON integer, then in decimal digits.

        Raises:
            Malformed: absent, empty, negative or another type.
        """
        value = self._members.get(name)
        if type(value) is int and value >= 0:
            return str(value)
        if isinstance(value, Number) and value.text.isdigit():
            return value.text
        return self.text(name)

    def optional_id_text(self, name: str) -> str | None:
        """Return an id as `id_text` does, None where it is absent, null or empty."""
        return None if self._members.get(name) in (None, "") else self.id_text(name)

    def entry(self, name: str, key: str | None) -> str | None:
        """Return a text from an object of free entries, such as the merchant's metadata.

        None where no key is asked for, or nothing readable stands there: what merchants write
        there is not the provider's form, so that it cannot be wrong.
        """
        entries = self._members.get(name)
        value = entries.get(key) if isinstance(entries, dict) and key is not None else None
        if type(value) is int and value >= 0:
            return str(value)
        return value if isinstance(value, str) and value else None

    def digits(self, name: str) -> int:
        """Return the number of a text of ASCII digits."""
        return digits(self.text(name), what=self._where + name)

    def flag(self, name: str) -> bool:
        """Return a JSON boolean."""
        value = self._members.get(name)
        if not isinstance(value, bool):
            raise Malformed(f"{self._where}{name} is no boolean")
        return value

    def child(self, name: str) -> "Fields":
        """Return a member that is an object.

        Raises:
            Malformed: absent or another type.
        """
        value = self._members.get(name)
        if not isinstance(value, dict):
            raise Malformed(f"{self._where}{name} is no object")
        return Fields(value, f"{self._where}{name}.")

    def optional_child(self, name: str) -> "Fields | None":
        return self.child(name) if self._members.get(name) is not None else None

    def children(self, name: str) -> "tuple[Fields, ...]":
        """Return a member that is a list of objects."""
        value = self._members.get(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise Malformed(f"{self._where}{name} is no list of objects")
        return tuple(Fields(each, f"{self._where}{name}[{n}].") for n, each in enumerate(value))

    def id_of(self, name: str) -> str | None:
        """Return an id that comes as text or as an object with an `id`; None if absent."""
        value = self._members.get(name)
        if isinstance(value, dict):
            return Fields(value, f"{self._where}{name}.").text("id")
        return self.optional_text(name)

    def rfc3339_ms(self, name: str) -> int:
        """Return the time of an RFC 3339 text with its zone; see `rfc3339_ms`."""
        return rfc3339_ms(self.text(name), what=self._where + name)

    def unix_seconds_ms(self, name: str) -> int:
        """Return the time of a JSON integer of seconds since 1970.

        Raises:
            Malformed: absent, another type, or after the year 9999.
        """
        seconds = self.integer(name)
        if not 0 <= seconds <= UNIX_SECONDS_MAX:
            raise Malformed(f"{self._where}{name} is no time in seconds")
        return seconds * 1000

    def optional_unix_seconds_ms(self, name: str) -> int | None:
        """Return the time of a JSON integer of seconds, None where it is absent."""
        return self.unix_seconds_ms(name) if name in self else None

    def optional_rfc3339_ms(self, name: str) -> int | None:
        """Return the time of an RFC 3339 text, None where it is absent; see `rfc3339_ms`."""
        return self.rfc3339_ms(name) if self.optional_text(name) is not None else None

    def local_ms(self, name: str, *, offset_minutes: int) -> int:
        """Return the time of a local text; see `local_ms`."""
        return local_ms(self.text(name), offset_minutes=offset_minutes, what=self._where + name)

    def optional_local_ms(self, name: str, *, offset_minutes: int) -> int | None:
        """Return the time of a local text, None where it is absent; see `local_ms`."""
        if self.optional_text(name) is None:
            return None
        return self.local_ms(name, offset_minutes=offset_minutes)


NOTHING: Final = Fields({})


def derived_id(*signed: str) -> str:
    """Return the id of a refund to which the provider gives none, of its signed fields.

    Hex SHA-256 of the fields that the provider's file names, each behind its length in octets.
    """
    octets = [value.encode() for value in signed]
    framed = b"".join(len(each).to_bytes(4, "big") + each for each in octets)
    return hashlib.sha256(framed).hexdigest()


def meaning(table: Mapping[str, S], word: str, *, what: str) -> S:
    """Return what a status word announces by the provider's table.

    Raises:
        UnknownMeaning: a word that the table does not list; it is parked, never guessed.
    """
    try:
        return table[word]
    except KeyError:
        raise UnknownMeaning(f"{what} has a value without an assigned meaning") from None


def same_account(**compared: tuple[str | None, str | None]) -> None:
    """Refuse a message whose identity is another's: `name=(received, configured)`.

    A configured None is an optional setting that is absent and not compared.

    Raises:
        WrongAccount: they differ, or the message does not say.
    """
    for name, (received, configured) in compared.items():
        if configured is not None and received != configured:
            raise WrongAccount(f"{name} is not the account's")


def same_if_stated(**compared: tuple[str | None, str | None]) -> None:
    """Refuse a message that states another identity: `name=(received, configured)`.

    For optional settings: nothing is compared where either side says nothing.

    Raises:
        WrongAccount: both are there and differ.
    """
    for name, (received, configured) in compared.items():
        if received is not None and configured is not None and received != configured:
            raise WrongAccount(f"{name} is not the account's")


def same_mode(received: str, configured: str) -> None:
    """Refuse a test message on a live account and the other way round.

    Raises:
        WrongAccount: they differ.
    """
    if received != configured:
        raise WrongAccount("the message is of another mode than the account")
