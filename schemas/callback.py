"""One HTTP message of a provider, as bytes, and its record: CloudEvents 1.0, Kafka binary mode.

The record carries its clock: `received_at_ms` is the only "now" that judging knows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from itertools import chain
from typing import Final, Literal

import orjson

from schemas.errors import CallbackError, Foreign, InvalidRecord, Malformed
from schemas.frozen import value
from schemas.record import Draft, Headers, Record
from schemas.times import parse_rfc3339, rfc3339

CallbackKind = Literal["CallbackReceived", "AnswerReceived"]
TYPE_PREFIX: Final = "io.tillstream."
SOURCES_MAX: Final = 4_096  # remembered at a time; more accounts are only slower
_KINDS: Final[dict[bytes, CallbackKind]] = {
    b"io.tillstream.CallbackReceived.v1": "CallbackReceived",
    b"io.tillstream.AnswerReceived.v1": "AnswerReceived",
}


@value
class Callback:
    """Everything that was received.

    `headers` keep order, letter case and repetition, as Latin-1 text; `target` is the raw request
    target; `peer` the socket's address, `client` the one behind trusted proxies; `causation_id` is
    set for an answer that we asked for.
    """

    id: str
    provider: str
    account: str
    received_at_ms: int
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: str = ""
    client: str = ""
    kind: CallbackKind = "CallbackReceived"
    causation_id: str | None = None
    _index: dict[str, str | None] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def header_text(self, name: str, *, absent: type[CallbackError]) -> str:
        """Return the value of a header that stands once; `name` in lower case.

        Raises:
            CallbackError: `absent` where it is missing, Malformed where it stands twice.
        """
        index = self._index or self._fill_index()
        value = index.get(name, "")
        if value is None:
            raise Malformed(f"header {name} stands more than once")
        if name not in index:
            raise absent(f"header {name} is missing")
        return value

    def header(self, name: str, *, absent: type[CallbackError]) -> bytes:
        """Return the bytes of a header that stands once; see `header_text`."""
        return self.header_text(name, absent=absent).encode("latin-1")

    def has_header(self, name: str) -> bool:
        return name in (self._index or self._fill_index())

    @property
    def query(self) -> bytes:
        """The raw query of the target, without the question mark."""
        return self.target.partition("?")[2].encode("latin-1")

    def _fill_index(self) -> dict[str, str | None]:
        index = self._index
        index |= {name.lower(): value for name, value in self.headers}
        if len(index) != len(self.headers):
            counts = Counter(name.lower() for name, _ in self.headers)
            index |= {name: None for name, count in counts.items() if count > 1}
        return index


def callback_source(deployment: str, provider: str, account: str) -> str:
    """Return `ce_source` of an account's records."""
    return f"urn:tillstream:{deployment}:{provider}:{account}"


def encode_callback(callback: Callback, *, topic: str, partition: int, deployment: str) -> Draft:
    """Return the record of a callback: value = body as received, the rest in headers."""
    headers: Headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", callback.id.encode()),
        _TYPE_HEADERS[callback.kind],
        _source_header(deployment, callback.provider, callback.account),
        ("ce_time", rfc3339(callback.received_at_ms).encode()),
        # The sender's own, in http.headers, must not turn our record into a structured one.
        ("content-type", b"application/octet-stream"),
        ("http.method", callback.method.encode("latin-1")),
        ("http.target", callback.target.encode("latin-1")),
        ("http.headers", orjson.dumps(callback.headers)),
        ("http.peer", callback.peer.encode()),
        ("http.client", callback.client.encode()),
    )
    if callback.causation_id is not None:
        headers += (("ce_causationid", callback.causation_id.encode()),)
    return Draft(topic, partition, None, callback.body, headers)


_TYPE_HEADERS: Final = {kind: ("ce_type", octets) for octets, kind in _KINDS.items()}


@lru_cache(maxsize=SOURCES_MAX)
def _source_header(deployment: str, provider: str, account: str) -> tuple[str, bytes]:
    return "ce_source", callback_source(deployment, provider, account).encode()


def decode_callback(record: Record) -> Callback:
    """Return the callback of a record.

    Raises:
        Foreign: a record that is not ours.
    """
    try:
        return _decode(dict(record.headers), record.value)
    except (KeyError, ValueError, TypeError) as error:
        raise Foreign("not a callback record of this project") from error


def _decode(fields: dict[str, bytes], body: bytes | None) -> Callback:
    _, project, _, provider, account = fields["ce_source"].decode().split(":")
    if project != "tillstream" or body is None:
        raise InvalidRecord("not a callback record of this project")
    cause = fields.get("ce_causationid")
    return Callback(
        id=fields["ce_id"].decode("ascii"),
        provider=provider,
        account=account,
        received_at_ms=parse_rfc3339(fields["ce_time"].decode("ascii")),
        method=fields["http.method"].decode("latin-1"),
        target=fields["http.target"].decode("latin-1"),
        headers=_texts(orjson.loads(fields["http.headers"])),
        body=body,
        peer=fields["http.peer"].decode(),
        client=fields["http.client"].decode(),
        kind=_KINDS[fields["ce_type"]],
        causation_id=None if cause is None else cause.decode("ascii"),
    )


def _texts(pairs: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    found = tuple([(name, value) for name, value in pairs])
    "".join(chain.from_iterable(found))  # Raises TypeError unless all of them are texts.
    return found
