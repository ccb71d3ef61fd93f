"""Secrets of Standard Webhooks: a setting, and not the secret's look, says how it is the key."""

import base64
import binascii
from collections.abc import Callable
from typing import Final

from processors.account import Account
from processors.contract import Setting
from processors.signing import hmac_of_base64, hmac_of_text

SECRET_ENCODING: Final = Setting(
    name="secret_encoding",
    required=True,
    pinned=True,
    choices=("base64", "raw"),
    meaning="base64: the secret is decoded, behind whsec_; raw: its text is the key",
    example="base64",
)


def keyed_hmac(account: Account) -> Callable[[bytes, bytes], bytes]:
    """Return the digest of (secret, octets), for `check_keyed_digest`."""
    raw = account.settings[SECRET_ENCODING.name] == "raw"
    return hmac_of_text if raw else hmac_of_base64


def check_encoding(account: Account) -> tuple[str, ...]:
    """Return which secrets cannot be decoded though the setting says that they are."""
    if account.settings[SECRET_ENCODING.name] == "raw":
        return ()
    return tuple(
        f"key {key.kid} is not Base64 behind whsec_; enter it as shown, or choose raw"
        for key in account.all_keys("verify", "secret")
        if not _decodes(key.secret.reveal().removeprefix(b"whsec_"))
    )


def _decodes(text: bytes) -> bool:
    try:
        return bool(base64.b64decode(text + b"=" * (-len(text) % 4), validate=True))
    except (ValueError, binascii.Error):
        return False
