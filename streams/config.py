"""The environment as one checked value; every problem is found before anything starts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar
from urllib.parse import quote

from streams.errors import ConfigurationError

ServedMode = Literal["live", "test", "any"]
# The place in this list decides the admin port of a role that runs alone.
ROLES: Final = ("ingress", "verify", "settle", "confirm", "views", "console", "archive")
ADMIN_HOST: Final = "127.0.0.1"
ADMIN_PORT: Final = 8081
LEDGER_DAYS: Final = 540
LEDGER_DAYS_MIN: Final = 400
PREFIX: Final = "TILLSTREAM_"
KAFKA: Final = "TILLSTREAM_KAFKA_"
# Not ours to judge: what the tests and their brokers are told.
_FOREIGN: Final = ("TILLSTREAM_TEST_", "TILLSTREAM_REQUIRE_")
_KAFKA_TEXTS: Final = (
    "client_id", "sasl_plain_username", "sasl_plain_password", "sasl_kerberos_service_name",
    "sasl_kerberos_domain_name", "ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_password",
)  # fmt: skip
_KAFKA_WORDS: Final = {
    "security_protocol": ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "sasl_mechanism": ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI"),
}
# A whole number of milliseconds each.
_KAFKA_NUMBERS: Final = (
    "request_timeout_ms", "retry_backoff_ms", "metadata_max_age_ms", "connections_max_idle_ms",
)  # fmt: skip
KAFKA_OPTIONS: Final = (*_KAFKA_TEXTS, *_KAFKA_WORDS, *_KAFKA_NUMBERS)
# A deployment stands in a URN between colons, a prefix in topic names.
_DEPLOYMENT: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_TOPIC_PREFIX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
T = TypeVar("T")


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the environment says. `log` None: not set, and single roles have no default.

    `mode` None: the one that all accounts share. `kafka` holds keywords of the client library.
    `database` is a SQLAlchemy-like URL: `sqlite:///path` or `postgresql://...`.
    """

    log: str | None
    accounts: Path
    state: Path
    listen: Address
    admin: Address | None
    database: str = field(repr=False)
    prefix: str
    deployment: str
    mode: ServedMode | None
    ledger_days: int
    trusted_proxies: tuple[str, ...]
    kafka: Mapping[str, object] = field(repr=False)

    @property
    def log_of_up(self) -> str:
        """The log of `up`, which alone has a default: one file below `state`."""
        return self.log or f"embedded://{quote(str((self.state / 'log.db').absolute()))}"


class _Reading:
    """Reads variables, and keeps the problems and the names that were asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.known: set[str] = set()
        self.problems: list[str] = []

    def value(self, name: str, default: T, read: Callable[[str], T]) -> T:
        """Return what the variable says, the default where it is unset or wrong."""
        full = PREFIX + name
        self.known.add(full)
        text = self._environ.get(full)
        if text is None:
            return default
        try:
            if not text.strip():
                raise ValueError("it is empty; set a value or remove it")  # noqa: TRY301
            return read(text)
        except ValueError as error:
            self.problems.append(f"{full}: {error}")
            return default


def load_config(environ: Mapping[str, str]) -> Config:
    """Return the configuration of an environment.

    Raises:
        ConfigurationError: with a sentence for each variable that is wrong or unknown.
    """
    reading = _Reading(environ)
    state = reading.value("STATE", Path(".tillstream"), Path)
    config = Config(
        log=reading.value("LOG", None, _log_address),
        accounts=reading.value("ACCOUNTS", Path("accounts"), Path),
        state=state,
        listen=reading.value("LISTEN", Address("127.0.0.1", 8080), _address),
        admin=reading.value("ADMIN", None, _address),
        database=reading.value("DATABASE", _default_database(state), _database),
        prefix=reading.value("PREFIX", "payments", _topic_prefix),
        deployment=reading.value("DEPLOYMENT", "local", _deployment),
        mode=reading.value("MODE", None, _mode),
        ledger_days=reading.value("LEDGER_DAYS", LEDGER_DAYS, _ledger_days),
        trusted_proxies=reading.value("TRUSTED_PROXIES", (), _networks),
        kafka=_kafka(environ, reading.problems),
    )
    reading.problems += [
        f"{name}: no such setting; known are {', '.join(sorted(reading.known))}"
        for name in sorted(environ)
        if name.startswith(PREFIX)
        and name not in reading.known
        and not name.startswith((KAFKA, *_FOREIGN))
    ]
    if reading.problems:
        raise ConfigurationError(*reading.problems)
    return config


def admin_address(config: Config, role: str) -> Address:
    """Return where a role answers for its health and metrics; `up` has the first port."""
    if config.admin is not None:
        return config.admin
    return Address(ADMIN_HOST, ADMIN_PORT + (0 if role == "up" else ROLES.index(role)))


def _kafka(environ: Mapping[str, str], problems: list[str]) -> dict[str, object]:
    options: dict[str, object] = {}
    for name in sorted(environ):
        if not name.startswith(KAFKA):
            continue
        option = name.removeprefix(KAFKA).lower()
        try:
            options[option] = _kafka_option(option, environ[name])
        except ValueError as error:
            problems.append(f"{name}: {error}")
    return options


def _kafka_option(option: str, text: str) -> object:
    # Acknowledgements, offsets and isolation carry the guarantees: they are no options.
    if option not in KAFKA_OPTIONS:
        known = ", ".join(each.upper() for each in KAFKA_OPTIONS)
        raise ValueError(f"no such option of the Kafka client, or not one to choose; {known}")
    if not text:
        raise ValueError("it is empty; set a value or remove it")
    if option in _KAFKA_NUMBERS:
        return _number(text)
    if option in _KAFKA_WORDS:
        return _choice(text, _KAFKA_WORDS[option])
    if option in ("ssl_cafile", "ssl_certfile", "ssl_keyfile") and not Path(text).is_file():
        raise ValueError("there is no such file")
    return text


def _log_address(text: str) -> str:
    # Which forms the rest may have is said where a log is opened.
    if not text.startswith(("kafka://", "embedded://")):
        raise ValueError("write kafka://host:port,host:port or embedded:///path/to/file")
    return text


def _default_database(state: Path) -> str:
    return f"sqlite:///{(state / 'tillstream.db').absolute()}"


def _database(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("write sqlite:///path/to/file or postgresql://user@host/name")
    return text


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not _WHOLE.fullmatch(port) or int(port) > 65_535:
        raise ValueError("write host:port")
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or (":" in bare and host == bare):
        raise ValueError("write host:port, an IPv6 address in brackets")
    return Address(bare, int(port))


def _topic_prefix(text: str) -> str:
    if not _TOPIC_PREFIX.fullmatch(text):
        raise ValueError("use 1 to 100 of letters, digits, dot, dash, underscore")
    return text


def _deployment(text: str) -> str:
    if not _DEPLOYMENT.fullmatch(text):
        raise ValueError("use 1 to 64 of a-z, 0-9, dot, dash, underscore")
    return text


def _mode(text: str) -> ServedMode | None:
    match text:
        case "live" | "test" | "any":
            return text
    raise ValueError("choose one of live, test, any")


def _ledger_days(text: str) -> int:
    days = _number(text)
    if days < LEDGER_DAYS_MIN:
        raise ValueError(f"at least {LEDGER_DAYS_MIN} days: late refunds must find their payment")
    return days


def _networks(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(each.strip())) for each in text.split(","))
    except ValueError as error:
        raise ValueError("write networks like 10.0.0.0/8, separated by commas") from error


def _number(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError("write a whole number")
    return int(text)


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ValueError(f"choose one of {', '.join(choices)}")
    return text
