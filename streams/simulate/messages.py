"""What happened at a provider, the callback that tells it, and what must become of it here.

Nothing in this package knows the processors: recipes are restated, so that a shared mistake shows.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, Literal, NamedTuple

from schemas.errors import OutcomeWord
from streams.simulate.keys import AccountForm, AccountKeys

Content = dict[str, Any]  # one callback before it is signed and sealed, in the provider's words
Headers = tuple[tuple[str, str], ...]
Http = Literal["success", "failure", "either"]
SIGNED_FRESH_MS: Final = 60_000  # well inside the windows of those who sign the time
BOTH: Final = frozenset(("payment", "refund"))  # what a weak proof leaves to be asked
SHANGHAI: Final = timezone(timedelta(hours=8))


class Ids:
    """Makes ids and nonces: random in shape, the same again for the same seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def digits(self, count: int) -> str:
        return "".join(self._random.choices("0123456789", k=count))

    def letters(self, count: int) -> str:
        """Return capitals and digits."""
        return "".join(self._random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=count))

    def mixed(self, count: int) -> str:
        """Return digits and letters of both cases."""
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        return "".join(self._random.choices(letters, k=count))

    def hex(self, count: int) -> str:
        return f"{self._random.getrandbits(count * 4):0{count}x}"

    def between(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment in minor units of its currency; `occurred_ms` is a whole second."""

    id: str
    order: str
    amount_minor: int
    currency: str
    occurred_ms: int


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund; `total_minor` is the sum refunded with it, `full` whether nothing is left."""

    id: str
    amount_minor: int
    total_minor: int
    full: bool
    occurred_ms: int


class Signed(NamedTuple):
    """A callback as it goes over the wire; the body stays through the retries of a delivery.

    Where the provider calls with GET, `body` is what stands behind the question mark; `query`
    stands there beside the body of a POST.
    """

    headers: Headers
    body: bytes
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEvent:
    """What an item announces. None: not compared."""

    type: str
    payment_id: str | None = None
    merchant_order_id: str | None = None
    refund_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    refunded_total_minor: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectedItem:
    """What must become of one item when a story's callbacks are processed in order."""

    outcome: OutcomeWord
    code: str | None = None
    event: ExpectedEvent | None = None


TO_BE_ASKED: Final = ExpectedItem("parked", "confirmation_needed")


@dataclass(frozen=True, slots=True)
class Expectation:
    """`http`: the reply, judged as the provider judges it; `either` where the account's
    `reply_when` decides.

    `any_order` is False where other events come when the story's callbacks change places.
    """

    items: tuple[ExpectedItem, ...]
    http: Http = "success"
    any_order: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback, signed. Deliveries of one `story` are sent one after the other.

    `signed_ms` is when the headers were signed. `resign` makes those of an attempt at a time
    (milliseconds) where the provider signs the time of sending; None where it sends the same
    headers again.
    """

    provider: str
    account: str
    method: str
    target: str
    headers: Headers
    body: bytes
    expectation: Expectation
    scenario: str
    story: str
    signed_ms: int = field(compare=False)
    resign: Callable[[int], Headers] | None = field(default=None, repr=False, compare=False)
    fresh_ms: int = field(default=SIGNED_FRESH_MS, compare=False)

    @property
    def message(self) -> bytes:
        """What carries the message: the body, of a GET the query."""
        return self.target.partition("?")[2].encode() if self.method == "GET" else self.body

    def headers_at(self, now_ms: int) -> Headers:
        """Return the headers of an attempt at `now_ms`, signed anew where they would be old."""
        if self.resign is None or abs(now_ms - self.signed_ms) < self.fresh_ms:
            return self.headers
        return self.resign(now_ms)


Build = Callable[[Payment, AccountKeys, Ids], Content]


def always(scenario: str, settings: Mapping[str, str]) -> bool:
    """The `unavailable` of a provider whose settings switch nothing off."""
    return False


def any_2xx(status: int, body: bytes) -> bool:
    """Most providers look at the status alone."""
    return 200 <= status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One provider as a sender. None: it sends no such thing.

    `sign` takes content, keys, a nonce of 32 hex digits and the time of sending in milliseconds.
    `signs_time`: headers are made anew for every attempt that comes `fresh_ms` after the last
    signing. `foreign` names the setting that says whose money it is, with the code that another
    value of it earns.

    `weak` names what (payment, refund) its proof is too weak for, so that it has to be asked, or
    whatever `weak_item` says. `tells_order` is False where the proof leaves the order number out;
    `order_of` makes it of the payment's id where that holds it. `links_refunds` is False where
    the proof leaves out the payment that a refund returns, `names_refunds` where refunds have no
    id of their own; `refunds` says whether a payment can be returned in parts, once, or only as a
    whole, `refunds_retell` that a refund's message tells its payment once more. Amounts are
    multiples of `unit_minor`. `proves` are the uses of the keys that prove a callback, and
    `forged_code` is what other keys earn. `form` is how an account for trying out looks; the
    founding providers' are made by hand.
    """

    name: str
    currency: str
    method: str = "POST"
    retry_after_s: tuple[int, ...] = (60, 600, 3_600)
    accepts: Callable[[int, bytes], bool] = any_2xx
    sign: Callable[[Content, AccountKeys, str, int], Signed]
    signs_time: bool = False
    fresh_ms: int = SIGNED_FRESH_MS
    stale_code: str | None = None
    payment_id: Callable[[Ids, int], str]
    refund_id: Callable[[Ids, int], str] = lambda ids, ms: ids.digits(12)
    payment: Build
    refund: Callable[[Payment, Refund, AccountKeys, Ids], Content] | None = None
    authorised: Build | None = None
    failed: Build | None = None
    closed: Build | None = None
    disputed: Build | None = None
    second: Build | None = None
    unknown: Build | None = None
    batch: Callable[[tuple[Payment, ...], AccountKeys, Ids], Content] | None = None
    batch_code: str | None = None
    probe: Callable[[Payment, AccountKeys, Ids, int], Signed] | None = None
    probe_code: str | None = None
    tampered: Callable[[bytes, Payment], bytes] | None = None
    foreign: tuple[str, str] | None = None
    other_mode_code: str | None = None
    running_totals: bool = False
    refunds_retell: bool = False
    unavailable: Callable[[str, Mapping[str, str]], bool] = always
    weak: frozenset[str] = frozenset()
    weak_item: ExpectedItem = TO_BE_ASKED
    tells_order: bool = True
    order_of: Callable[[str], str] | None = None
    links_refunds: bool = True
    names_refunds: bool = True
    refunds: Literal["many", "one", "whole"] = "many"
    unit_minor: int = 1
    proves: tuple[str, ...] = ("verify", "root")
    forged_code: str = "bad_signature"
    form: AccountForm | None = None


def major(minor: int) -> str:
    """Return decimal text of a currency with two decimals."""
    return f"{minor // 100}.{minor % 100:02d}"


def shanghai(ms: int) -> datetime:
    """Return the wall time in Shanghai."""
    return datetime.fromtimestamp(ms // 1000, tz=SHANGHAI)


def zulu(ms: int) -> str:
    """Return `2026-11-23T04:05:06Z`."""
    return f"{datetime.fromtimestamp(ms // 1000, tz=UTC):%Y-%m-%dT%H:%M:%S}Z"
