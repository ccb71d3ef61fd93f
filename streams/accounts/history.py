"""What the accounts topic says was once in force."""

from collections.abc import Sequence

from schemas.revision import Revision, read_revision
from schemas.topics import Topics
from streams.log import Log


async def published_revisions(log: Log, topics: Topics) -> Sequence[Revision]:
    """Return every revision ever published, oldest first; none where the topic does not exist.

    Raises:
        InvalidRecord: a record of another version.
        Unavailable: the log cannot be read.
    """
    name = topics.accounts.name
    if name not in await log.describe():
        return ()
    return [read_revision(record) async for record in log.read(name)]
