"""The accounts of one moment. Immutable: a change is another book, and a verdict has one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from processors.account import Account
from processors.account_form import Digest, revision_of
from processors.contract import Providers, ReplyWhen
from schemas.revision import Revision


@dataclass(frozen=True, slots=True)
class Entry:
    """An account in force, where it came from and when its provider is answered.

    Compared by the revision: secrets themselves are not comparable, their digests are.
    """

    account: Account = field(compare=False)
    revision: Revision
    path: str
    reply_when: ReplyWhen
    ledger_named: bool


@dataclass(frozen=True, slots=True)
class AccountBook:
    """Accounts by provider and name; satisfies `streams.verify.Book`."""

    providers: Providers
    entries: Mapping[tuple[str, str], Entry] = field(default_factory=dict)

    def get(self, provider: str, name: str) -> Account | None:
        entry = self.entries.get((provider, name))
        return None if entry is None else entry.account

    def reply_when(self, provider: str, name: str) -> ReplyWhen:
        """Return when an account's callbacks are answered.

        Raises:
            KeyError: no such account.
        """
        return self.entries[provider, name].reply_when

    def revision(self, provider: str, name: str) -> Revision:
        """Return what the accounts topic keeps of an account.

        Raises:
            KeyError: no such account.
        """
        return self.entries[provider, name].revision

    def revisions(self) -> Sequence[Revision]:
        return tuple(entry.revision for entry in self.entries.values())

    @property
    def mode(self) -> Literal["live", "test", "any"] | None:
        """The one mode of all accounts; `any` where they differ, None where there is none."""
        modes = {account.mode for account in self}
        return "any" if len(modes) > 1 else next(iter(modes), None)

    def __iter__(self) -> Iterator[Account]:
        return (entry.account for entry in self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)


def entry_of(
    account: Account, digest: Digest, *, path: str, reply_when: ReplyWhen, ledger_named: bool
) -> Entry:
    """Return the entry of an account that was just built."""
    return Entry(account, revision_of(account, digest), path, reply_when, ledger_named)
