"""Where key material comes from: beside the account, in the environment, or in the file itself.

The one interface for key stores: a source turns what stands behind its member's name into the text
of the provider's console. No message repeats what was read.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

MATERIAL_BYTES_MAX: Final = 64 * 1024
NAME_SHOWN_MAX: Final = 64
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
# Takes the member's value; raises ValueError with a sentence that says what to do.
Source = Callable[[str], str]


def key_sources(folder: Path, environ: Mapping[str, str]) -> dict[str, Source]:
    """Return the sources of an account file that lies in `folder`, by the member that names them.

    Vault and KMS come in as further entries.
    """
    return {
        "file": lambda name: _file(folder, name),
        "text": lambda text: text,
        "pem": lambda text: text,
        "env": lambda name: _variable(environ, name),
    }


def _file(folder: Path, name: str) -> str:
    if not name:
        raise ValueError("it is empty; name the file")
    path = folder / name
    # A key pasted where its file's name belongs is not repeated.
    shown = path.name if len(path.name) <= NAME_SHOWN_MAX else "the file"
    try:
        with path.open("rb") as file:
            octets = file.read(MATERIAL_BYTES_MAX + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name.
        reason = (getattr(error, "strerror", None) or "no such file").lower()
        raise ValueError(f"{shown} cannot be read: {reason}") from error
    if len(octets) > MATERIAL_BYTES_MAX:
        raise ValueError(f"{shown} is larger than {MATERIAL_BYTES_MAX} bytes; no key is")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        # From None: the decoding error carries the octets.
        raise ValueError(f"{shown} is not text; convert a DER file to PEM") from None


def _variable(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name)
    if text is None:
        # The name itself is repeated only where it looks like one: it might be the key.
        shown = name if _VARIABLE.fullmatch(name) else "of that name"
        raise ValueError(f"the environment has no variable {shown}")
    return text
