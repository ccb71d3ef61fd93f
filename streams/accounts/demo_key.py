"""What an account for trying out holds, and what the simulator has of it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoKey:
    """One key: what the account holds (`material`), and what the simulator signs with.

    `private` None: the simulator needs nothing of it (a root).
    """

    kid: str
    use: str
    kind: str
    material: str
    private: Mapping[str, str] | None

    def __repr__(self) -> str:
        return f"DemoKey({self.kid!r}, {self.use!r}, {self.kind!r})"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account with fresh keys. `simulator_keys` are keys that only the simulator has."""

    provider: str
    name: str
    settings: Mapping[str, str]
    keys: tuple[DemoKey, ...]
    simulator_keys: tuple[DemoKey, ...] = ()
