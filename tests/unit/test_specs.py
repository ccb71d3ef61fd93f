"""Generated documents: as generated, valid by other people's validators, and true."""

import base64
import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from processors.registry import PROVIDERS
from processors.vectors import run_case
from schemas.event import EVENT_TYPES
from schemas.topics import topics
from streams.ingress.problems import PROBLEMS, RETRY_CODES
from streams.specs.__main__ import differences, documents, main, write
from streams.specs.asyncapi import RECEIVES, SENDS
from streams.specs.plain_yaml import to_yaml
from streams.specs.postman import EXAMPLES
from tests.support.spec_tools import run_tool

ROOT = Path(__file__).parents[2]
GOLDENS = sorted((ROOT / "tests/golden/records").glob("*.json"))
STANDARD = topics()


def read(path):
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


@pytest.fixture(scope="module")
def asyncapi():
    return read("schemas/asyncapi.yaml")


@pytest.fixture(scope="module")
def openapi():
    return read("schemas/openapi.yaml")


# -- as generated -----------------------------------------------------------------------------


def test_checked_in_documents_are_as_generated(capsys):
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_generating_twice_gives_equal_text():
    assert documents(ROOT) == documents(ROOT)


def test_every_difference_is_noticed(tmp_path):
    wanted = documents(ROOT)
    write(tmp_path, wanted)
    assert differences(tmp_path, wanted) == []
    changed = tmp_path / "schemas/events/PaymentSucceeded.v1.json"
    changed.write_text(changed.read_text("utf-8").replace('"amount"', '"sum"'), "utf-8")
    assert any('"sum"' in line for line in differences(tmp_path, wanted))
    (tmp_path / "deploy/topics.yaml").unlink()
    assert "deploy/topics.yaml: missing" in differences(tmp_path, wanted)
    surplus = tmp_path / "schemas/records/Old.v0.json"
    surplus.write_text("{}")
    assert "schemas/records/Old.v0.json: not generated any more" in differences(tmp_path, wanted)
    write(tmp_path, wanted)
    assert not surplus.exists()
    assert differences(tmp_path, wanted) == []


def test_check_ends_with_a_finding_and_says_what_differs(tmp_path, capsys):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/vectors").symlink_to(ROOT / "tests/vectors")
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert "schemas/asyncapi.yaml: missing" in capsys.readouterr().out
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(st.characters(codec="utf-8"), max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abc:- #é", max_size=6), inner)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES)
def test_yaml_means_what_was_written(value):
    # YAML readers refuse or fold some control characters that JSON text may hold raw.
    text = to_yaml(value)
    if not any(ord(each) in range(0x7F, 0xA0) or each in "\u2028\u2029\ufeff" for each in text):
        assert yaml.safe_load(text) == value


@pytest.mark.parametrize("word", ["no", "yes", "on", "null", "1.0", "0x1", "1e3", "~", "", "- a"])
def test_words_that_yaml_takes_for_something_else_are_quoted(word):
    assert yaml.safe_load(to_yaml({"word": word, word: [word]}))["word"] == word


# -- AsyncAPI ---------------------------------------------------------------------------------


def test_asyncapi_parser_finds_no_fault():
    found = run_tool("asyncapi.mjs", ROOT / "schemas/asyncapi.yaml")
    # Severity 0 and 1 are errors and warnings; 2 and 3 are recommendations.
    faults = [each for each in found["diagnostics"] if each["severity"] <= 1]
    assert faults == []
    assert [each["address"] for each in found["channels"]] == [t.name for t in STANDARD.all()]
    events = next(each for each in found["channels"] if each["id"] == "events")
    assert events["messages"] == sorted(EVENT_TYPES)


def test_asyncapi_parser_is_asked_in_earnest(tmp_path):
    broken = (ROOT / "schemas/asyncapi.yaml").read_text("utf-8")
    broken = broken.replace("#/channels/facts/messages/FactStated", "#/channels/facts/messages/No")
    (tmp_path / "broken.yaml").write_text(broken, "utf-8")
    found = run_tool("asyncapi.mjs", tmp_path / "broken.yaml")
    assert any(each["severity"] == 0 for each in found["diagnostics"])


def test_topics_agree_in_code_asyncapi_and_deployment(asyncapi):
    code = {topic.name: topic for topic in STANDARD.all()}
    channels = {each["address"]: each for each in asyncapi["channels"].values()}
    deployed = {each["name"]: each for each in read("deploy/topics.yaml")["topics"]}
    assert set(code) == set(channels) == set(deployed)
    for name, topic in code.items():
        binding = channels[name]["bindings"]["kafka"]
        assert binding["topic"] == name
        assert binding["bindingVersion"] == "0.5.0"
        assert binding["partitions"] == topic.partitions == deployed[name]["partitions"]
        assert binding["replicas"] == deployed[name]["replicas"]
        config = topic.config()
        held = dict(deployed[name]["config"])
        assert held.pop("min.insync.replicas") == "2"
        assert held == config
        bound = binding["topicConfiguration"]
        assert bound["cleanup.policy"] == [config["cleanup.policy"]]
        for setting in ("retention.ms", "max.message.bytes", "delete.retention.ms"):
            assert str(bound.get(setting)) == config.get(setting, "None")
        assert channels[name]["description"] == (
            f"{topic.purpose}; key: {topic.key}; written by: {topic.written_by}"
        )


def test_operations_name_who_writes_and_reads(asyncapi):
    operations = asyncapi["operations"].values()
    assert all(each["messages"] for each in operations)
    sent = [each["channel"]["$ref"] for each in operations if each["action"] == "send"]
    for name in asyncapi["channels"]:
        writers = {role for role, channels in SENDS.items() if name in channels}
        assert writers == set(getattr(STANDARD, name).written_by.split(", "))
        assert sent.count(f"#/channels/{name}") == len(writers)
    groups = {
        operation["bindings"]["kafka"]["groupId"]["enum"][0]
        for operation in operations
        if operation["action"] == "receive"
    }
    assert groups == {f"payments-{role}" for role in RECEIVES}


@pytest.mark.parametrize("file", GOLDENS, ids=lambda file: file.stem)
def test_golden_records_have_the_headers_of_exactly_one_message(asyncapi, file):
    golden = json.loads(file.read_text("utf-8"))
    headers = dict(golden["headers"])
    if golden["topic"].endswith(".ledger.v1"):
        headers = {
            "content-type": "application/json",
            "ce_type": "io.tillstream.LedgerState.v1",
        }
    channel = next(c for c in asyncapi["channels"].values() if c["address"] == golden["topic"])
    fitting = []
    for name in channel["messages"]:
        message = asyncapi["components"]["messages"][name]
        if jsonschema_rs.is_valid(message["headers"]["schema"], headers):
            fitting.append(name)
            known = message["headers"]["schema"]["properties"]
            assert set(headers) <= set(known), "a header that the document does not name"
            assert message["contentType"] == headers["content-type"]
            if "schema" in message["payload"]:
                value = json.loads(golden["value"])
                jsonschema_rs.validate(message["payload"]["schema"], value)
    assert len(fitting) == 1


# -- OpenAPI ----------------------------------------------------------------------------------


def test_openapi_is_valid(openapi):
    assert list(OpenAPIV31SpecValidator(openapi).iter_errors()) == []
    assert json.loads((ROOT / "schemas/openapi.json").read_text("utf-8")) == openapi


def test_openapi_validator_is_asked_in_earnest(openapi):
    broken = json.loads(json.dumps(openapi))
    del broken["info"]["title"]
    assert list(OpenAPIV31SpecValidator(broken).iter_errors()) != []


def test_openapi_has_the_providers_methods_and_every_refusal(openapi):
    path = openapi["paths"]["/v1/callbacks/{provider}/{account}"]
    methods = {method for each in PROVIDERS.values() for method in each.methods}
    assert set(path) - {"parameters"} == {method.lower() for method in methods}
    for method in methods:
        answers = set(path[method.lower()]["responses"]) - {"200", "default"}
        assert answers == {str(status) for status, _ in PROBLEMS.values()}
    assert {"400", "401", "404", "405", "408", "413", "429", "431", "503"} <= answers
    for code, (status, _) in PROBLEMS.items():
        response = openapi["components"]["responses"][str(status)]
        assert f"{code}: " in response["description"]
        assert "application/problem+json" in response["content"]
        if code in RETRY_CODES:
            assert "Retry-After" in response["headers"]


# -- Postman ----------------------------------------------------------------------------------


def case_of(provider):
    document = json.loads((ROOT / f"tests/vectors/{provider}.json").read_text("utf-8"))
    return next(case for case in document["cases"] if case["name"] == EXAMPLES[provider])


def test_postman_reads_the_exact_signed_requests():
    file = ROOT / "schemas/postman.json"
    items = {each["name"].partition(":")[0]: each for each in run_tool("postman.mjs", file)}
    assert set(items) == set(EXAMPLES)
    for provider, item in items.items():
        request = case_of(provider)["request"]
        assert item["method"] == request["method"]
        assert item["url"] == "{{base}}" + request["target"]
        assert item["headers"] == request["headers"]
        assert item["body"].encode() == base64.b64decode(request["body_base64"])


@pytest.mark.parametrize("provider", sorted(EXAMPLES))
def test_postman_examples_announce_something(provider):
    result = run_case(PROVIDERS, provider, case_of(provider))
    assert result.agrees, result.difference
    assert result.events


def test_postman_collection_is_of_version_2_1():
    collection = json.loads((ROOT / "schemas/postman.json").read_text("utf-8"))
    assert collection["info"]["schema"].endswith("/collection/v2.1.0/collection.json")
    assert set(collection) == {"info", "variable", "item"}
    for item in collection["item"]:
        assert set(item) == {"name", "request", "response"}
        url = item["request"]["url"]
        assert "/".join(["", *url["path"]]) == url["raw"].removeprefix("{{base}}").split("?")[0]
