"""The accounts as they were: revisions from the accounts topic, secrets from today's files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from processors.account_form import Digest
from processors.contract import Providers
from processors.revised_account import RevisedAccount, Ring, account_as_revised, ring_of
from schemas.revision import Revision, read_revision
from streams.accounts.digest_key import FILE, load_digest
from streams.accounts.file import read_account_file
from streams.accounts.load import account_paths
from streams.errors import ConfigurationError
from streams.log import Log

Rings = Callable[[str, str], Ring]
_EMPTY: Ring = Ring()


@dataclass(slots=True)
class Revisions:
    """Accounts of then, by provider, account and revision; each is built once."""

    published: Mapping[tuple[str, str, str], Revision]
    newest: Mapping[tuple[str, str], Revision]
    rings: Rings
    _built: dict[tuple[str, str, str], RevisedAccount] = field(default_factory=dict)

    def get(self, provider: str, account: str, name: str | None) -> RevisedAccount | None:
        """Return the account of a revision; `name` None: the newest. None: never published."""
        if name is None:
            revision = self.newest.get((provider, account))
            if revision is None:
                return None
            name = revision.name
        where = provider, account, name
        found = self._built.get(where)
        if found is None and where in self.published:
            ring = self.rings(provider, account)
            found = self._built[where] = account_as_revised(self.published[where], ring)
        return found


async def read_revisions(
    log: Log, topic: str, end: Mapping[int, int] | None, rings: Rings
) -> Revisions:
    """Return every revision that the accounts topic holds.

    Raises:
        InvalidRecord: a revision of another version.
    """
    published: dict[tuple[str, str, str], Revision] = {}
    newest: dict[tuple[str, str], Revision] = {}
    async for record in log.read(topic, end=end):
        revision = read_revision(record)
        published[revision.provider, revision.account, revision.name] = revision
        newest[revision.provider, revision.account] = revision
    return Revisions(published, newest, rings)


def rings_of_folder(folder: Path, providers: Providers, environ: Mapping[str, str]) -> Rings:
    """Return the material of all account files, whatever else is wrong with them.

    Retired keys count as well: what they proved stays proven. A file that the check refuses (for
    a key that was dropped, say) still proves what its other keys can.

    Raises:
        ConfigurationError: no digest key: no secret could be recognised.
    """
    if not (folder / FILE).exists():
        # Made anew it would fit nothing that was ever published.
        raise ConfigurationError(f"{folder / FILE}: not there; restore it from its backup")
    digest, findings = load_digest(folder)
    if digest is None:
        raise ConfigurationError(*(str(each) for each in findings if each.is_problem))
    rings = _rings(folder, providers, environ, digest)
    return lambda provider, account: rings.get((provider, account), _EMPTY)


def _rings(
    folder: Path, providers: Providers, environ: Mapping[str, str], digest: Digest
) -> dict[tuple[str, str], Ring]:
    rings = {}
    for path in account_paths(folder):
        file, _ = read_account_file(path, shown=str(path), environ=environ)
        if file is not None and file.provider in providers:
            provider = providers[file.provider]
            rings[file.provider, file.name] = ring_of(provider, file.keys, digest)
    return rings
