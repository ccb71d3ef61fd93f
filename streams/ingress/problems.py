"""Our own refusals: RFC 9457 problem documents with stable types.

The codes are contract: add, never rename. Nothing of the request stands in them.
"""

from typing import Final, Literal, get_args

import orjson

from processors.contract import Reply

ProblemCode = Literal[
    "not-found",
    "method-not-allowed",
    "request-timeout",
    "body-too-large",
    "target-too-long",
    "expectation-failed",
    "too-many-requests",
    "headers-too-large",
    "bad-request",
    "method-unknown",
    "transfer-coding-unknown",
    "version-unknown",
    "refused",
    "defect",
    "log-unavailable",
    "busy",
]
PROBLEM_CODES: Final[tuple[ProblemCode, ...]] = get_args(ProblemCode)
PROBLEM_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "https://schemas.tillstream.io/problems/"
# code: HTTP status, title.
PROBLEMS: Final[dict[ProblemCode, tuple[int, str]]] = {
    "not-found": (404, "No such provider, account or path"),
    "method-not-allowed": (405, "This provider does not call by this method"),
    "request-timeout": (408, "The request did not arrive in time"),
    "body-too-large": (413, "The body is larger than accepted"),
    "target-too-long": (414, "The request target is longer than accepted"),
    "expectation-failed": (417, "The only expectation known is 100-continue"),
    "too-many-requests": (429, "More requests than this account and network may send"),
    "headers-too-large": (431, "The headers are larger or more than accepted"),
    "bad-request": (400, "Not a well-formed HTTP/1.1 request"),
    "method-unknown": (501, "The method is not known"),
    "transfer-coding-unknown": (501, "The only transfer coding known is chunked"),
    "version-unknown": (505, "The versions known are HTTP/1.0 and HTTP/1.1"),
    "refused": (401, "The proof was refused"),
    "defect": (500, "The answer could not be made"),
    "log-unavailable": (503, "Not stored: the log does not acknowledge"),
    "busy": (503, "Not stored: too much is waiting"),
}
RETRY_CODES: Final = frozenset(("too-many-requests", "log-unavailable", "busy"))


def problem(
    code: ProblemCode, *, retry_after_s: int, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """Return the answer of a refusal; `retry_after_s` is said where trying again helps."""
    status, title = PROBLEMS[code]
    body = orjson.dumps({"type": TYPE_BASE + code, "title": title, "status": status})
    if code in RETRY_CODES:
        headers += (("Retry-After", str(retry_after_s)),)
    return Reply(status, PROBLEM_TYPE, body, headers)
