"""An account as verdicts see it: settings, mode, ledger, and the keys in force at one moment."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from processors.keys import Certificates, Key, KeyKind, KeyUse
from schemas.errors import UnknownKey

Mode = Literal["live", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One revision of an account. `ledger` is the name that identity and events use."""

    provider: str
    name: str
    mode: Mode
    ledger: str
    settings: Mapping[str, str]
    keys: tuple[Key, ...]
    revision: str
    _moments: list[int] = field(init=False, repr=False, compare=False, default_factory=list)
    _as_of: dict[int, "Account"] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def as_of(self, at_ms: int) -> "Account":
        """Return the account with the keys in force at `at_ms`, the receive time of a callback.

        A key out of force is not there. A certificate outside its own dates stays, marked
        `expired`: its signature is bad, its name is known. Remembered per interval between key
        dates.
        """
        if not self._moments:
            self._moments.extend(self._boundaries())
        interval = bisect_right(self._moments, at_ms)
        found = self._as_of.get(interval)
        if found is None:
            keys = tuple(_marked(key, at_ms) for key in self.keys if key.in_force(at_ms))
            found = self._as_of[interval] = replace(self, keys=keys)
        return found

    def all_keys(self, use: KeyUse, kind: KeyKind | None = None) -> tuple[Key, ...]:
        """Return the keys of a use in the order of the account file; the sender names none."""
        return tuple(k for k in self.keys if k.use == use and (kind is None or k.kind == kind))

    def key_named(self, use: KeyUse, kid: str) -> Key:
        """Return the key that the sender names.

        Raises:
            UnknownKey: the account holds no such key in force.
        """
        for key in self.keys:
            if key.use == use and key.kid == kid:
                return key
        raise UnknownKey(f"the account holds no {use} key of the name that was sent")

    def _boundaries(self) -> list[int]:
        moments = {0}
        for key in self.keys:
            material = key.material
            dates = [key.not_before_ms, key.not_after_ms]
            if isinstance(material, Certificates):
                dates += [material.not_before_ms, material.not_after_ms + 1]
            moments.update(date for date in dates if date is not None)
        return sorted(moments)


def _marked(key: Key, at_ms: int) -> Key:
    material = key.material
    if not isinstance(material, Certificates):
        return key
    expired = not material.not_before_ms <= at_ms <= material.not_after_ms
    return replace(key, expired=True) if expired else key
