"""Every limit of the front door, in one place; the server keeps them itself."""

from dataclasses import dataclass
from typing import Final

from schemas.topics import BODY_BYTES_MAX, HEADERS_BYTES_MAX

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """No field has a default: a server without a limit cannot be built by forgetting one.

    `header_bytes_max` holds for the raw names and values and for their JSON; `framing_bytes_max`
    for whatever of a chunked message is not body (sizes, extensions, trailer). Time-outs are
    whole deadlines, not gaps: a byte a second does not extend them. `header_timeout_s` counts from
    the first byte of a request (of a connection: from its acceptance), `body_timeout_s` from the
    end of the headers. A rate is a bucket of `*_burst` tokens that gains `*_per_s`.
    """

    target_bytes_max: int
    header_bytes_max: int
    header_count_max: int
    header_timeout_s: float
    body_bytes_max: int
    framing_bytes_max: int
    body_timeout_s: float
    connections_max: int
    requests_per_connection_max: int
    pipeline_max: int
    keep_alive_s: float
    write_timeout_s: float
    linger_s: float
    linger_bytes_max: int
    sweep_s: float
    drain_s: float
    receiving_bytes_max: int
    pending_bytes_max: int
    ack_timeout_s: float
    round_s: float
    round_drafts_max: int
    rate_per_s: float
    rate_burst: float
    failing_per_s: float
    failing_burst: float
    buckets_max: int
    retry_after_s: int


DEFAULT_LIMITS: Final = Limits(
    target_bytes_max=8 * 1024,
    header_bytes_max=HEADERS_BYTES_MAX,
    header_count_max=128,
    header_timeout_s=10.0,
    body_bytes_max=BODY_BYTES_MAX,
    framing_bytes_max=BODY_BYTES_MAX,
    # Longer than any provider waits for an answer; a body of 7 s is a genuine one.
    body_timeout_s=30.0,
    connections_max=10_000,
    requests_per_connection_max=10_000,
    pipeline_max=32,
    keep_alive_s=75.0,
    write_timeout_s=10.0,
    linger_s=2.0,
    linger_bytes_max=16 * MIB,
    sweep_s=0.25,
    drain_s=35.0,
    receiving_bytes_max=128 * MIB,
    pending_bytes_max=64 * MIB,
    ack_timeout_s=2.0,
    round_s=0.002,
    round_drafts_max=1_000,
    rate_per_s=1_000.0,
    rate_burst=5_000.0,
    failing_per_s=50.0,
    failing_burst=500.0,
    buckets_max=65_536,
    retry_after_s=5,
)
