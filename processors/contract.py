"""What a provider is: one record of pure functions and tables. No field has a default: forgetting
one is a type error, not an open door.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from processors.account import Account
from processors.keys import KeyForm
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import CallbackError
from schemas.fact import Fact

T = TypeVar("T")
ReplyWhen = Literal["stored", "verified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting of an account. `pinned`: never taken from a message. `choices` empty: any text."""

    name: str
    required: bool
    pinned: bool
    choices: tuple[str, ...]
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """An item that announces nothing until the provider was asked about `resource` `id`."""

    resource: str
    id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer to a provider."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the ingress knows when it answers.

    `status` 200: stored (and, where the account says so, verified); else the HTTP status of the
    failure: 401 refused, 413, 429, 503. `notice` holds the proven items, None without proof.
    """

    status: int
    notice: tuple[Authentic[Any], ...] | None = None

    @property
    def success(self) -> bool:
        return self.status == 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(Generic[T]):
    """One provider's protocol.

    `authenticate` proves a callback; a batch gives one entry per item, each proven or refused.
    `interpret` reads proven content as facts; no fact: authentic, nothing to announce. `reply`
    makes
    the answer, in the provider's own form; `handshake` answers challenges that are not stored.
    `check` finds faults of a whole account (keys that need each other) as sentences.
    `retry_after_s` is the provider's schedule: seconds before each further delivery.
    """

    name: str
    title: str
    protocol: str
    methods: tuple[str, ...]
    settings: tuple[Setting, ...]
    keys: tuple[KeyForm, ...]
    check: Callable[[Account], tuple[str, ...]]
    authenticate: Callable[
        [Callback, Account], Authentic[T] | tuple[Authentic[T] | CallbackError, ...]
    ]
    interpret: Callable[[Authentic[T], Account], tuple[Fact | Inquiry, ...]]
    reply_when: ReplyWhen
    reply: Callable[[Callback, Receipt, Account], Reply]
    handshake: Callable[[Callback, Account], Reply | None] | None
    retry_after_s: tuple[int, ...]


Providers = Mapping[str, Provider[Any]]


def plain_reply(success: bytes, failure: bytes) -> Callable[[Callback, Receipt, Account], Reply]:
    """Return a reply of two plain texts: 200 with `success`, else the status and `failure`."""

    def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
        body = success if receipt.success else failure
        return Reply(receipt.status, "text/plain; charset=utf-8", body)

    return reply


TOLERANCE: Final = Setting(
    name="tolerance_seconds",
    required=True,
    pinned=True,
    choices=(),
    meaning="largest accepted distance between the signed time and the receipt, either way; the "
    "provider prescribes none",
    example="300",
)
_TOLERANCE_SECONDS: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)


def tolerance_ms(account: Account) -> int:
    """Return the window of an account whose settings hold `TOLERANCE`."""
    return int(account.settings[TOLERANCE.name]) * 1000


def check_tolerance(account: Account) -> tuple[str, ...]:
    """Return what is wrong with the window: without bounds it would be none."""
    if _TOLERANCE_SECONDS.fullmatch(account.settings[TOLERANCE.name]) is None:
        return (f"{TOLERANCE.name} is no number of seconds from 1 to 99999",)
    return ()


def merchant_entry(name: str, where: str) -> Setting:
    """Return the setting that says which of the merchant's own entries holds the order id."""
    return Setting(
        name=name,
        required=False,
        pinned=False,
        choices=(),
        meaning=f"entry of {where} that holds the shop's order id",
        example="order_id",
    )


def identity(name: str, meaning: str, example: str, *, required: bool = True) -> Setting:
    """Return a setting that says who we are to the provider; messages are compared with it."""
    return Setting(
        name=name, required=required, pinned=False, choices=(), meaning=meaning, example=example
    )


def pinned(name: str, choices: tuple[str, ...], meaning: str) -> Setting:
    """Return a required setting that is never taken from a message; any text without choices."""
    return Setting(
        name=name,
        required=True,
        pinned=True,
        choices=choices,
        meaning=meaning,
        example=choices[0] if choices else "",
    )


def json_reply(success: bytes, failure: bytes) -> Callable[[Callback, Receipt, Account], Reply]:
    """Return a reply of two JSON texts: 200 with `success`, else the status and `failure`."""

    def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
        body = success if receipt.success else failure
        return Reply(receipt.status, "application/json", body)

    return reply


def no_check(account: Account) -> tuple[str, ...]:
    """The `check` of a provider whose settings and keys stand each for itself."""
    return ()
