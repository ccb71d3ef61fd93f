"""HMACs under the secrets of an account: the commonest proof of all."""

from collections.abc import Iterable
from typing import TypeVar

from processors.account import Account
from processors.signing import Authentic, HashName, Message, check_hmac

T = TypeVar("T")


def check_secret_hmac(
    message: Message[T], account: Account, *, hash: HashName, signatures: Iterable[bytes]
) -> Authentic[T]:
    """Return what an HMAC proves that any secret of the account may have made; see `check_hmac`.

    For providers that name no key: every secret to verify with is tried.

    Raises:
        BadSignature: no signature and secret fit the message.
    """
    keys = account.all_keys("verify", "secret")
    return check_hmac((message,), hash=hash, signatures=signatures, keys=keys)
