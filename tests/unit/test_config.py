"""The environment as configuration: defaults, every problem at once, nothing unknown."""

from pathlib import Path

import pytest

from streams.config import Address, admin_address, load_config
from streams.errors import ConfigurationError


def problems_of(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as raised:
        load_config(environ)
    return raised.value.problems


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    config = load_config({})
    assert config.log is None
    assert config.accounts == Path("accounts")
    assert config.state == Path(".tillstream")
    assert config.listen == Address("127.0.0.1", 8080)
    assert config.prefix == "payments"
    assert config.deployment == "local"
    assert config.mode is None
    assert config.database == f"sqlite:///{Path('.tillstream/tillstream.db').absolute()}"


def test_only_up_has_a_default_log_and_its_path_survives_odd_characters(tmp_path: Path) -> None:
    state = tmp_path / "a b%20c"
    config = load_config({"TILLSTREAM_STATE": str(state)})
    assert config.log is None
    assert config.log_of_up.startswith("embedded:///")
    assert "a%20b%2520c/log.db" in config.log_of_up


def test_the_default_database_lies_in_the_chosen_state() -> None:
    assert load_config({"TILLSTREAM_STATE": "/srv/till"}).database == (
        "sqlite:////srv/till/tillstream.db"
    )


def test_every_problem_is_told_at_once() -> None:
    problems = problems_of(
        {
            "TILLSTREAM_LOG": "redis://x",
            "TILLSTREAM_LISTEN": "8080",
            "TILLSTREAM_MODE": "production",
            "TILLSTREAM_PREFIX": "a/b",
            "TILLSTREAM_DEPLOYMENT": "a:b",
            "TILLSTREAM_LEDGER_DAYS": "399",
            "TILLSTREAM_ACCOUNTS": "",
            "TILLSTREAM_ACOUNTS": "accounts",
            "TILLSTREAM_KAFKA_ACKS": "1",
            "TILLSTREAM_KAFKA_REQUEST_TIMEOUT_MS": "1e3",
        }
    )
    named = {problem.partition(":")[0] for problem in problems}
    assert len(problems) == 10
    assert {"TILLSTREAM_ACOUNTS", "TILLSTREAM_KAFKA_ACKS", "TILLSTREAM_LEDGER_DAYS"} <= named


@pytest.mark.parametrize(
    "name", ["TILLSTREAM_TEST_KAFKA", "TILLSTREAM_REQUIRE_KAFKA", "TILLSTREAMER", "PATH"]
)
def test_variables_of_tests_and_of_others_are_let_be(name: str) -> None:
    load_config({name: "x"})


def test_kafka_options_become_the_clients_keywords_with_their_types() -> None:
    config = load_config(
        {
            "TILLSTREAM_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "TILLSTREAM_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "TILLSTREAM_KAFKA_SASL_PLAIN_USERNAME": "till",
            "TILLSTREAM_KAFKA_SASL_PLAIN_PASSWORD": "canary",
            "TILLSTREAM_KAFKA_REQUEST_TIMEOUT_MS": "30000",
        }
    )
    assert config.kafka == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "till",
        "sasl_plain_password": "canary",
        "request_timeout_ms": 30_000,
    }
    assert "canary" not in repr(config)


@pytest.mark.parametrize(
    "option", ["ACKS", "ENABLE_IDEMPOTENCE", "AUTO_OFFSET_RESET", "ISOLATION_LEVEL", "GROUP_ID"]
)
def test_no_option_weakens_what_the_log_guarantees(option: str) -> None:
    assert len(problems_of({f"TILLSTREAM_KAFKA_{option}": "0"})) == 1


def test_every_option_of_the_client_here_is_known_to_the_clients_adapter() -> None:
    from streams.config import KAFKA_OPTIONS
    from streams.kafka.client import client_settings

    words = {
        option: "1" for option in KAFKA_OPTIONS if not option.startswith(("ssl_", "security_"))
    }
    settings = client_settings("localhost:9092", words)
    assert set(words) <= set(settings)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:80", Address("0.0.0.0", 80)),
        ("[::1]:8080", Address("::1", 8080)),
        ("localhost:0", Address("localhost", 0)),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    listen = load_config({"TILLSTREAM_LISTEN": text}).listen
    assert listen == address
    assert str(listen) == text


@pytest.mark.parametrize("text", ["", "host", ":80", "host:٣", "host:70000", "::1:80", "h:-1"])
def test_other_addresses_are_refused(text: str) -> None:
    assert len(problems_of({"TILLSTREAM_LISTEN": text})) == 1


def test_admin_ports_follow_the_roles_places() -> None:
    config = load_config({})
    roles = ("ingress", "verify", "settle", "confirm", "views", "console", "archive")
    assert [admin_address(config, role).port for role in roles] == list(range(8081, 8088))
    assert admin_address(config, "up") == Address("127.0.0.1", 8081)
    fixed = load_config({"TILLSTREAM_ADMIN": "0.0.0.0:9000"})
    assert admin_address(fixed, "settle") == Address("0.0.0.0", 9000)


def test_trusted_proxies_are_networks() -> None:
    config = load_config({"TILLSTREAM_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
    assert config.trusted_proxies == ("10.0.0.0/8", "::1/128")
    assert problems_of({"TILLSTREAM_TRUSTED_PROXIES": "10.0.0.1/8"})
