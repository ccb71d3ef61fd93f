"""One state of an account as the accounts topic keeps it.

Settings and public keys stand whole, secrets as kid and keyed digest only. The revision's name is
the digest of its content.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import orjson

from schemas.errors import InvalidRecord
from schemas.record import Draft, Record

REVISION_VERSION: Final = 1
_HEADERS: Final = (
    ("content-type", b"application/json"),
    ("ce_type", b"io.tillstream.AccountRevised.v1"),
)


@dataclass(frozen=True, slots=True)
class RevisionKey:
    """`public` is the key as PEM text; of a secret there is only `digest` (hex, keyed)."""

    kid: str
    use: str
    kind: str
    public: str | None
    digest: str | None
    not_before_ms: int | None
    not_after_ms: int | None


@dataclass(frozen=True, slots=True)
class Revision:
    """What verdicts depend on. Equal content has the equal `name`."""

    provider: str
    account: str
    mode: str
    ledger: str
    settings: tuple[tuple[str, str], ...]
    keys: tuple[RevisionKey, ...]

    @property
    def name(self) -> str:
        """16 hex digits of the SHA-256 of the record's value."""
        return hashlib.sha256(encode_revision(self)).hexdigest()[:16]

    @property
    def key(self) -> bytes:
        return f"{self.provider}/{self.account}".encode()


def encode_revision(revision: Revision) -> bytes:
    """Return the JSON of a revision: equal bytes for equal content."""
    return orjson.dumps(
        {
            "v": REVISION_VERSION,
            "provider": revision.provider,
            "account": revision.account,
            "mode": revision.mode,
            "ledger": revision.ledger,
            "settings": dict(sorted(revision.settings)),
            "keys": [
                {
                    "kid": key.kid,
                    "use": key.use,
                    "kind": key.kind,
                    "public": key.public,
                    "digest": key.digest,
                    "not_before_ms": key.not_before_ms,
                    "not_after_ms": key.not_after_ms,
                }
                for key in revision.keys
            ],
        }
    )


def revision_draft(revision: Revision, *, topic: str) -> Draft:
    """Return the record of a revision for the one partition of the accounts topic."""
    return Draft(topic, 0, revision.key, encode_revision(revision), _HEADERS)


def read_revision(record: Record) -> Revision:
    """Return the revision of a log record.

    Raises:
        InvalidRecord: not a revision of this version.
    """
    try:
        members: dict[str, Any] = orjson.loads(record.value or b"")
        if members["v"] != REVISION_VERSION:
            raise InvalidRecord("an account revision of an unknown version")
        return Revision(
            members["provider"], members["account"], members["mode"], members["ledger"],
            tuple(members["settings"].items()),
            tuple(RevisionKey(**key) for key in members["keys"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRecord("not an account revision") from error
