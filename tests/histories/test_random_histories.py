"""Whatever is delivered, restated, held, released and repriced, in whatever order: the marts say what the oracle says.

One history alone:  PAIDMEDIA_SEED=17 pytest tests/histories -k oracle_says
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests.dbt_project.raw_tables import connect
from tests.histories.building import build
from tests.histories.compare import KEYS, Difference
from tests.histories.generator import CHECKPOINTS, history
from tests.histories.world import World
from tests.sizes import cases, is_quick, report
from warehouse.settings import get_settings

pytestmark = pytest.mark.torture

# `make test` and `make test-all` look while much is open, and at the end.
LOOKED_AT = CHECKPOINTS[1:] if is_quick() else CHECKPOINTS
TOGETHER = 300  # clients of one database
SHOWN = 12  # differences that a failure prints
WINNERS_OF = 100  # clients of whom another winner is tried
ROW = "cast((tableoid, ctid) as text)"  # a mart may have partitions, each with its own row numbers
UNIQUE_INDEXES = """
    select indexes.relname from pg_index inner join pg_class as indexes on indexes.oid = indexrelid
    where indisunique and indrelid = cast('marts.{0}' as regclass)
"""
SMALLEST_CHANGE = {  # by type: the change that is hardest to see
    "text": "{0} || ' '",
    "date": "{0} + 1",
    "boolean": "not {0}",
    "bigint": "{0} + 1",
    "numeric": "{0} + power(10::numeric, -scale({0}))",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
    "jsonb": "jsonb_set({0}, '{{0,impressions}}', to_jsonb(({0} -> 0 ->> 'impressions')::bigint + 1), false)",
}


def seeds() -> list[int]:
    """The histories of this run; PAIDMEDIA_SEED names one, or several with commas between them."""
    chosen = os.environ.get("PAIDMEDIA_SEED")
    return [int(seed) for seed in chosen.split(",")] if chosen else list(range(cases(40, 5_000)))


def play_out(world: World, build: Callable[[World], None], url: str) -> list[Difference]:
    """Let everything happen, with a look at each checkpoint. Returns what differs at the first where anything does."""
    for checkpoint in LOOKED_AT:
        world.play(checkpoint)
        build(world)
        world.publish()
        with closing(connect(url)) as connection:
            found = world.differences(connection)
        if found:
            return found
    return []


def build_checked(world: World, target: Path) -> None:
    """Build; at the last checkpoint, where most has happened, every data test has to agree."""
    build(world.settings, target, unpriced=world.unpriced() if world.round == CHECKPOINTS[-1] else None)


def told(world: World, found: list[Difference]) -> str:
    """What differs, the first of it, and the history of its client in words."""
    lines = [f"{len(found)} differences after round {world.round}, the first are", *map(str, found[:SHOWN])]
    history = world.histories.get(found[0].client_id)
    if history is not None:
        lines += [f"PAIDMEDIA_SEED={history.seed} runs this history alone:", *history.words(world.round)]
    return "\n".join(lines)


@dataclass
class Played:
    """What came of the histories: the last world, what differs in it, what became of all deliveries."""

    world: World
    found: list[Difference]
    outcomes: Counter[str]


@pytest.fixture(scope="module")
def played(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """All histories, played out batch by batch until one differs."""
    target = tmp_path_factory.mktemp("target")
    every, outcomes = seeds(), Counter[str]()
    for first in range(0, len(every), TOGETHER):
        world = World(get_settings(), [history(seed) for seed in every[first : first + TOGETHER]])
        found = play_out(world, lambda world: build_checked(world, target), database_url)
        outcomes += world.outcomes
        if found:
            break
    return Played(world, found, outcomes)


@pytest.fixture
def connection(played: Played, database_url: str) -> Iterator[Connection]:
    """A connection whose changes are taken back, to marts that are right."""
    if played.found:
        pytest.skip("the marts are not right")
    with closing(connect(database_url)) as connection:
        yield connection


def test_marts_say_what_the_oracle_says(played: Played) -> None:
    if played.found:
        pytest.fail(told(played.world, played.found), pytrace=False)
    outcomes = {f"deliveries {outcome}": f"{number:,}" for outcome, number in sorted(played.outcomes.items())}
    report("random histories against the oracle", len(seeds()), **outcomes, differences=0)


def test_a_full_refresh_says_the_same(played: Played, connection: Connection, tmp_path: Path) -> None:
    build(played.world.settings, tmp_path, "--full-refresh")
    if found := played.world.differences(connection):
        pytest.fail(told(played.world, found), pytrace=False)


@pytest.mark.long
def test_the_smallest_change_of_any_column_is_found(played: Played, connection: Connection) -> None:
    """The comparison sees everything: in each mart and column it finds one wrong cell, and names the mart."""
    changed: set[tuple[str, str]] = set()
    columns = ask(
        connection,
        """select table_name, column_name, data_type from information_schema.columns
           where table_schema = 'marts' order by table_name, ordinal_position""",
    )
    for mart, column, kind in columns:
        new = SMALLEST_CHANGE[kind].format(column)
        there = f"select {ROW}, client_id from marts.{mart} where {column} is not null and {column} <> {new} limit 1"
        for place, client_id in ask(connection, there):
            ask(connection, f"update marts.{mart} set {column} = {new} where {ROW} = '{place}' returning 1")
            found = played.world.differences(connection, client_id)
            assert any(each.mart == mart for each in found), f"{mart}.{column} may be {new}"
            changed.add((mart, column))
        connection.rollback()
    assert changed == {(mart, column) for mart, column, _ in columns}


@pytest.mark.long
def test_a_lost_and_a_doubled_row_of_any_mart_are_found(played: Played, connection: Connection) -> None:
    losing = f"delete from marts.{{0}} where {ROW} = (select {ROW} from marts.{{0}} limit 1) returning client_id"
    doubling = "insert into marts.{0} select * from marts.{0} limit 1 returning client_id"
    for mart, change in product(KEYS, (losing, doubling)):
        for (index,) in ask(connection, UNIQUE_INDEXES.format(mart)):  # they would not let a row come twice
            ask(connection, f"drop index marts.{index}; select")
        [(client_id,)] = ask(connection, change.format(mart))
        found = played.world.differences(connection, client_id)
        assert {each.mart for each in found} >= {mart}
        assert str(found[0]).startswith(f"{client_id} ")
        connection.rollback()


@pytest.mark.long
def test_another_winner_of_a_day_would_be_found(played: Played, connection: Connection) -> None:
    """Where two deliveries count a day differently, the marts show that the right one won."""
    contested = 0
    for client_id, oracle in list(played.world.oracles.items())[:WINNERS_OF]:
        for (source, day), winner in oracle.winners().items():
            said = winner.totals(day)["impressions"]
            rivals = [each for each in oracle.taken.values() if each.counts and day in each.days and each is not winner]
            others = {each.totals(day)["impressions"] for each in rivals if each.delivery.source == source}
            if others and said not in others:
                verdict, winner.verdict = winner.verdict, "held"
                found = played.world.differences(connection, client_id)
                winner.verdict = verdict
                assert any(each.mart == "daily_metrics" and day in each.key for each in found), (client_id, source, day)
                contested += 1
                break
    assert contested


def ask(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
