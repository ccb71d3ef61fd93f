"""The key of the digests by which secrets are compared across revisions and never guessed.

It lies with the accounts and stays as long as they do: with another key every digest differs.
"""

import os
import secrets
from pathlib import Path
from typing import Final

from processors.account_form import Digest
from streams.accounts.finding import Finding

FILE: Final = "digest.key"
KEY_BYTES: Final = 32


def load_digest(folder: Path) -> tuple[Digest | None, tuple[Finding, ...]]:
    """Return the digests of an accounts folder; a missing key is made where the folder allows."""
    path = folder / FILE
    try:
        if not path.exists():
            create_digest_key(folder)
        text = path.read_text(encoding="ascii").strip()
        readable_by_others = path.stat().st_mode & 0o007
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        sentence = f"cannot be read or made: {reason}; make it with tillstream accounts init"
        return None, (Finding(str(path), "", sentence),)
    if len(text) != 2 * KEY_BYTES or not set(text) <= set("0123456789abcdef"):
        sentence = f"not {2 * KEY_BYTES} hex digits; restore the file from its backup"
        return None, (Finding(str(path), "", sentence),)
    warnings: tuple[Finding, ...] = ()
    if readable_by_others:
        warnings = (Finding(str(path), "", "everybody can read it; chmod 600", "warning"),)
    return Digest(bytes.fromhex(text)), warnings


def create_digest_key(folder: Path) -> bool:
    """Make the key unless there is one; whether it was made.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / FILE
    draft = folder / f".{FILE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link never replaces: of two processes that start at once one key wins, complete.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
