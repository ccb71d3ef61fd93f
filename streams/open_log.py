"""Which log an address names: `kafka://host:port,host:port` or `embedded:///path/to/file`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

from streams.embedded import EmbeddedLog
from streams.errors import ConfigurationError
from streams.log import Log

KAFKA = "kafka://"
EMBEDDED = "embedded://"
FORMS = "kafka://host:port,host:port or embedded:///path/to/file"


def open_log(
    url: str,
    *,
    options: Mapping[str, object],
    clock: Callable[[], int],
    instance_id: str | None = None,
) -> Log:
    """Open the log that `url` names.

    `options` are passed to the Kafka client; the embedded log has none. `clock` returns
    milliseconds since 1970; it dates the embedded log's records (Kafka's broker dates its own).
    `instance_id` makes a process a static member of its Kafka groups.

    Raises:
        ConfigurationError: no such form, or the file cannot hold a log.
        Unavailable: the embedded log cannot be opened now.
    """
    if url.startswith(EMBEDDED):
        return EmbeddedLog(_path(url.removeprefix(EMBEDDED)), clock=clock)
    if url.startswith(KAFKA):
        bootstrap = _bootstrap(url.removeprefix(KAFKA))
        # Only who uses Kafka pays for loading its client.
        from streams.kafka import KafkaLog

        return KafkaLog(bootstrap, options=options, instance_id=instance_id)
    # Only the scheme is repeated: the rest may hold a password.
    raise ConfigurationError(f"log address with scheme {url.partition(':')[0]!r}: write {FORMS}")


def _path(text: str) -> Path:
    path = Path(unquote(text))
    if not path.is_absolute() or text.endswith("/"):
        raise ConfigurationError("embedded log address: write embedded:///path/to/file")
    return path


def _bootstrap(text: str) -> str:
    for server in text.split(","):
        host, _, port = server.rpartition(":")
        if not host or "/" in server or "@" in server or not _is_port(port):
            raise ConfigurationError("Kafka log address: write kafka://host:port,host:port")
    return text


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65_536
