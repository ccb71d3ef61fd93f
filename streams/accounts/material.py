"""Where key material comes from: beside the account, in the environment, or in the file itself.

The one interface for key stores: a source turns what stands behind its member's name into the text
of the provider's console. No message repeats what was read.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

MATERIAL_BYTES_MAX: Final = 64 * 1024
# Takes the member's value; raises ValueError with a sentence that says what to do.
Source = Callable[[str], str]


def key_sources(folder: Path, environ: Mapping[str, str]) -> dict[str, Source]:
    """Return the sources of an account file that lies in `folder`, by the member that names them.

    Vault and KMS come in as further entries.
    """
    return {
        "file": lambda name: _file(folder / name),
        "text": lambda text: text,
        "pem": lambda text: text,
        "env": lambda name: _variable(environ, name),
    }


def _file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            octets = file.read(MATERIAL_BYTES_MAX + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ValueError(f"{path.name} cannot be read: {reason}") from error
    if len(octets) > MATERIAL_BYTES_MAX:
        raise ValueError(f"{path.name} is larger than {MATERIAL_BYTES_MAX} bytes; no key is")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        # From None: the decoding error carries the octets.
        raise ValueError(f"{path.name} is not text; convert a DER file to PEM") from None


def _variable(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name)
    if text is None:
        raise ValueError(f"the environment has no variable {name}")
    return text
