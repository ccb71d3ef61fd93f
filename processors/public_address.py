"""The address that a provider was told to call: signed as it was registered, not as it arrives.

A proxy in front may change host and path, so that what was received of them says nothing.
"""

from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from processors.account import Account
from processors.contract import Setting
from schemas.errors import Malformed

NOTIFICATION_URL: Final = Setting(
    name="notification_url",
    required=True,
    pinned=True,
    choices=(),
    meaning="public address registered with the provider; it is part of the signed text, whatever "
    "a proxy in front delivers",
    example="https://pay.shop.example/v1/callbacks/shop",
)


def public_address(account: Account) -> SplitResult:
    """Return the parts of the registered address."""
    return urlsplit(account.settings[NOTIFICATION_URL.name])


def path_and_query(account: Account) -> str:
    """Return the path of the registered address, and its query behind a question mark."""
    address = public_address(account)
    return f"{address.path}?{address.query}" if address.query else address.path


def check_address(account: Account) -> tuple[str, ...]:
    """Return what is wrong with the registered address."""
    try:
        address = public_address(account)
    except ValueError:
        return (f"{NOTIFICATION_URL.name} is no URL",)
    whole = address.scheme == "https" and address.netloc and address.path.startswith("/")
    if not whole or not account.settings[NOTIFICATION_URL.name].isascii():
        return (f"{NOTIFICATION_URL.name} is no https URL with a path",)
    return ()


def http_date_ms(date: bytes, *, what: str) -> int:
    """Return milliseconds of a header's date, such as `Wed, 01 May 2024 10:00:00 GMT`.

    Raises:
        Malformed: another form or zone, or a moment that does not exist.
    """
    try:
        moment = parsedate_to_datetime(date.decode("latin-1"))
        if moment.tzinfo is None or not date.endswith(b" GMT"):
            raise Malformed(f"{what} is not in GMT")
        return int(moment.timestamp()) * 1000
    except (ValueError, OverflowError, IndexError) as error:
        raise Malformed(f"{what} is no date") from error
