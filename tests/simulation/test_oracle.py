"""The oracle of the chaos runs finds each kind of wrong, and knows nothing of the product."""

import ast
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

import tests.chaos
from tests.chaos.history import History, judged, read
from tests.chaos.oracle import Row, judge
from tests.simulation.fates import PARTITIONS
from tests.simulation.install import installed
from tests.simulation.pipeline import World, quiet

Rows = list[Row]
CHAOS = Path(tests.chaos.__file__).parent
ALLOWED = ("tests.chaos", "tests.support.deployment", "deploy.kafka_local", "confluent_kafka")
PRODUCT = ("schemas", "processors", "streams", "tests", "deploy")


@pytest.fixture(scope="module")
def told() -> World:
    """A run in which every promise was kept."""
    world = World("oracle")
    with quiet(), installed(world.network):
        world.loop.run_until_complete(world.run())
        world.kept = world.rows()  # type: ignore[attr-defined]
        world.loop.bury()
    return world


def kept(world: World) -> Rows:
    return list(world.kept)  # type: ignore[attr-defined]


def found(world: World, rows: Rows) -> set[str]:
    verdict = judge(world.sent, world.answered, rows, partitions=PARTITIONS)
    return set(verdict.broken)


def first(rows: Rows, topic: str, chosen: Callable[[Row], bool] = lambda _: True) -> int:
    return next(n for n, row in enumerate(rows) if row.topic == topic and chosen(row))


def changed(rows: Rows, place: int, **members: object) -> Rows:
    return [*rows[:place], replace(rows[place], **members), *rows[place + 1 :]]  # type: ignore[arg-type]


def without(rows: Rows, topic: str) -> Rows:
    place = first(rows, topic)
    return rows[:place] + rows[place + 1 :]


def another_amount(rows: Rows) -> Rows:
    place = first(rows, "events")
    body = json.loads(rows[place].value or b"")
    body["amount"]["minor"] += 1
    return changed(rows, place, value=json.dumps(body).encode())


def another_cause(rows: Rows) -> Rows:
    place = first(rows, "events")
    headers = {**rows[place].headers, "ce_causationid": "nobody"}
    return changed(rows, place, headers=headers)


def another_id(rows: Rows) -> Rows:
    place = first(rows, "events")
    headers = {**rows[place].headers, "ce_id": "5bf50970-239c-52b3-9bb1-66a8a72d20b3"}
    return changed(rows, place, headers=headers)


def another_outcome(rows: Rows) -> Rows:
    place = first(rows, "outcomes", lambda row: b'"duplicate"' in (row.value or b""))
    value = (rows[place].value or b"").replace(b'"duplicate"', b'"ignored"')
    return changed(rows, place, value=value)


def another_partition(rows: Rows) -> Rows:
    place = first(rows, "events")
    return changed(rows, place, partition=(rows[place].partition + 1) % PARTITIONS)


def last_state_lost(rows: Rows) -> Rows:
    states = [n for n, r in enumerate(rows) if r.topic == "ledger" and b"/" in (r.key or b"")]
    return rows[: states[-1]] + rows[states[-1] + 1 :]


SPOILT: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "a callback is gone": (lambda rows: [r for r in rows if r.topic != "callbacks"], "lost"),
    "an outcome is gone": (lambda rows: without(rows, "outcomes"), "open"),
    "another outcome": (another_outcome, "outcome"),
    "an event is gone": (lambda rows: without(rows, "events"), "unmet"),
    "an event stands twice": (lambda rows: [*rows, rows[first(rows, "events")]], "twice"),
    "an event of nobody": (another_cause, "unproven"),
    "another amount": (another_amount, "content"),
    "another identity": (another_id, "identity"),
    "another partition": (another_partition, "identity"),
    "a state is gone": (last_state_lost, "ledger"),
    "a gap": (lambda rows: without(rows, "events"), "sequence"),
}


def test_what_was_kept_is_found_kept(told: World) -> None:
    assert found(told, kept(told)) == set()


@pytest.mark.parametrize("wrong", list(SPOILT))
def test_each_kind_of_wrong_is_found(told: World, wrong: str) -> None:
    spoil, promise = SPOILT[wrong]
    assert promise in found(told, spoil(kept(told)))


def test_a_history_is_judged_again_from_its_file(told: World, tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    for each in told.sent:
        history.sent(each)
        history.answered(each, 503, False)
        if each.digest in told.answered:
            history.answered(each, 200, True)
    history.rows(kept(told))
    history.note("read", partitions=PARTITIONS)
    history.close()
    verdict = judge(told.sent, told.answered, kept(told), partitions=PARTITIONS)
    assert judged(history.path) == verdict
    assert read(history.path).answered == told.answered


def test_the_oracle_knows_nothing_of_the_product() -> None:
    for path in [*sorted(CHAOS.glob("*.py")), CHAOS.parent / "support" / "deployment.py"]:
        for name in imported(ast.parse(path.read_text())):
            ours = name.partition(".")[0] in PRODUCT
            assert not ours or name.startswith(ALLOWED), f"{path.name} imports {name}"


def imported(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
