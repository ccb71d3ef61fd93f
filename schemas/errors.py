"""Why a callback's item announces nothing: the family says who must act, the reason says why.

Reasons are wire contract: add, never rename. Messages name fields, sizes and enumerations; never
body text, amounts, people or keys.
"""

from typing import ClassVar, Final, Literal

OutcomeWord = Literal["announced", "duplicate", "superseded", "ignored", "refused", "parked"]


class CallbackError(Exception):
    """An item that cannot become a fact. Only its subclasses with a reason are raised."""

    outcome: ClassVar[OutcomeWord]
    reason: ClassVar[str]


class Refused(CallbackError):
    """The sender's fault; nothing for us to do."""

    outcome = "refused"


class BadSignature(Refused):
    """The proof is absent, garbled or does not fit."""

    reason = "bad_signature"


class Stale(Refused):
    """Well signed, outside the provider's time window by the clock of the receipt."""

    reason = "stale"

    def __init__(self, skew_ms: int) -> None:
        """`skew_ms`: signed time minus receive time; many at once mean a wrong clock."""
        super().__init__(f"signed {skew_ms} ms from the receive time")
        self.skew_ms = skew_ms


class Malformed(Refused):
    """Cannot be read in exactly one way."""

    reason = "malformed"


class WrongAccount(Refused):
    """Well signed, meant for another account or mode."""

    reason = "wrong_account"


class Probe(Refused):
    """A deliberate test of our verification by the provider."""

    reason = "probe"


class Undecryptable(Refused):
    """Sealed content that none of our keys opens. One error for every cause: no padding oracle."""

    reason = "undecryptable"


class Foreign(Refused):
    """A record in the callbacks topic that is not ours."""

    reason = "foreign"


class Unsupported(CallbackError):
    """Ours to act on: after the cure, `quarantine release` judges the original again."""

    outcome = "parked"


class UnknownKey(Unsupported):
    """The sender names a key that the account does not hold, or the account is not configured."""

    reason = "unknown_key"


class UnknownMeaning(Unsupported):
    """A known object in a state that nobody has assigned a meaning to."""

    reason = "unknown_meaning"


class ConfirmationNeeded(Unsupported):
    """Received, but the proof announces no money by itself."""

    reason = "confirmation_needed"


# Settling's own reasons and the one for our defects; they are never raised, only recorded.
CONFLICT: Final = "conflict"
TOO_OLD: Final = "too_old"
DEFECT: Final = "defect"

REFUSED_CODES: Final = tuple(
    error.reason
    for error in (BadSignature, Stale, Malformed, WrongAccount, Probe, Undecryptable, Foreign)
)
PARKED_CODES: Final = (
    UnknownKey.reason,
    UnknownMeaning.reason,
    ConfirmationNeeded.reason,
    CONFLICT,
    TOO_OLD,
    DEFECT,
)


class Unavailable(Exception):
    """Broker, key source or store is away: hold the offset, retry within bounds, then stop."""


class InvalidRecord(ValueError):
    """A record of ours that cannot be read: another version, or damage."""
