"""How a day came to be what it is: each change with its cause, the same whenever builds ran, and after raw rows are gone.

raw tables filled by SQL, with times of our own → dbt build, at some of the moments only → marts.metric_restatements
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests.dbt_project.conftest import Build
from tests.dbt_project.raw_tables import ROW_TABLES, Row, deliver
from tests.dbt_project.test_history_of_deliveries import built
from tests.rows import agreed, insert
from tests.warm_dbt import MODELS_ONLY, WITHOUT_UNIT_TESTS
from warehouse.postgres import database
from warehouse.errors import PaidMediaError
from warehouse.deliveries.transitions import keep_transitions

pytestmark = pytest.mark.heavy

MON, TUE = date(2026, 3, 2), date(2026, 3, 3)
STEPS = """
    select step, cause, impressions_change, impressions, spend_change, spend
    from marts.metric_restatements where client_id = %s and source = %s and date = %s order by step, cause
"""
ALL = "select * from marts.metric_restatements order by client_id, source, date, step, cause"
SPLIT = "select * from intermediate.int_delivery_transitions__split order by client_id, source, date, delivery_id"


def at(hour: float) -> datetime:
    return datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=hour)


def ask(raw: Connection, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with raw.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []


def arrives(
    raw: Connection, source: str, client_id: str, name: str, hour: float, rows: list[Row], **more: object
) -> None:
    """A delivery that is judged at once, at this hour, whatever the clock says; `as_of` may be another hour."""
    days: Any = more.get("days") or sorted({row.day for row in rows})
    as_of: Any = more.get("as_of", hour)
    verdict: Any = more.get("verdict", "passed")
    deliver(raw, source, client_id, name, as_of=at(as_of), days=days, rows=rows, verdict=verdict)
    ask(raw, f"update raw_{source}.deliveries set delivered_at = %s where delivery_id = %s", at(hour), name)
    ask(raw, "update control.delivery_verdicts set judged_at = %s where delivery_id = %s", at(hour), name)
    raw.commit()


def costs(raw: Connection, client_id: str, cpm: int | None, hour: float) -> None:
    """A rate that holds from the first of January, entered or removed at this hour."""
    of = "client_id = %s and effective_date = '2026-01-01'"
    if cpm is None:
        ask(raw, f"delete from control.client_cpm_rates where {of}", client_id)
    else:
        replaced = ask(raw, f"update control.client_cpm_rates set cpm = %s where {of} returning 1", cpm, client_id)
        if not replaced:
            agreed(raw, client_id, cpm)
    newest = "(select max(entry_id) from control.client_cpm_rate_entries)"
    ask(raw, f"update control.client_cpm_rate_entries set entered_at = %s where entry_id = {newest}", at(hour))
    raw.commit()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan and all below it."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def reads_rows(node: dict[str, Any]) -> bool:
    """Whether it reads the delivered rows of a source."""
    return node.get("Relation Name") in ROW_TABLES.values()


@pytest.fixture(scope="module")
def story(raw: Connection, build: Build) -> Connection:
    """Two clients over ten hours; builds ran after two and nine of them only, and at the end."""
    for client_id in ("acme", "bolt"):
        insert(raw, "control.clients", {"client_id": client_id, "name": client_id, "currency": "USD"})
    costs(raw, "acme", 10, -99)
    blue, red, green = (lambda day, shown, ad=ad: Row(day, shown, None, creative=ad) for ad in ("Blue", "Red", "Green"))
    arrives(raw, "vibe", "acme", "v1", 1, [blue(MON, 1000), red(MON, 500), blue(TUE, 2000)])
    arrives(raw, "vibe", "acme", "v2", 2, [Row(MON, 1100, None, creative=" Blue\t"), green(MON, 400)])
    built(build, *MODELS_ONLY)
    costs(raw, "acme", 12, 3)
    arrives(raw, "vibe", "acme", "older", 4, [blue(MON, 7)], as_of=0.5)
    arrives(raw, "vibe", "acme", "v3", 5, [], days=[MON], verdict="held")
    ask(raw, "update raw_vibe.delivery_days set clicks = null where delivery_id = 'v3'")  # it has no such column
    arrives(raw, "surfside", "acme", "s1", 5, [Row(MON, 100, 3)])
    arrives(raw, "vibe", "acme", "same", 6, [blue(MON, 1100), green(MON, 400)], as_of=4.5)
    arrives(raw, "facebook", "bolt", "f1", 6, [Row(MON, 100, None)])
    ask(raw, "update control.clients set is_active = false, disabled_at = now() where client_id = 'bolt'")
    arrives(raw, "facebook", "bolt", "f2", 7, [Row(MON, 100, 5)])
    costs(raw, "bolt", 20, 8)
    costs(raw, "acme", 10, 9)
    built(build, *MODELS_ONLY)
    ask(raw, "update control.delivery_verdicts set verdict = 'released', released_at = %s where delivery_id = 'v3'", at(9.5))
    costs(raw, "acme", 15, 9.7)
    costs(raw, "acme", 10, 9.8)
    costs(raw, "bolt", None, 10)
    done = build(*WITHOUT_UNIT_TESTS)  # bolt has no price: named by a test that only informs
    assert "assert_every_delivered_day_has_a_cpm" in done.stdout
    assert "Nothing is published" not in done.stdout
    return raw


def test_a_day_is_told_from_its_first_delivery_to_what_it_is_now(story: Connection) -> None:
    assert ask(story, STEPS, "acme", "vibe", MON) == [
        (1, "first delivery", 1500, 1500, Decimal(15), Decimal(15)),
        (2, "newer delivery", 500, 1500, Decimal(5), Decimal(15)),  # cancels out with the rows that vanished
        (2, "vanished rows", -500, 1500, Decimal(-5), Decimal(15)),
        (3, "cpm edit", 0, 1500, Decimal(3), Decimal(18)),
        # Neither the older late delivery nor the same numbers again change anything.
        (4, "cpm edit", 0, 1500, Decimal(-3), Decimal(15)),
        (5, "vanished rows", -1500, 0, Decimal(-15), Decimal(0)),  # held, then released: the day is empty
    ]
    [[moment, delivery, previous]] = ask(
        story, "select changed_at, delivery_id, previous_delivery_id from marts.metric_restatements where date = '2026-03-02' and step = 5"
    )
    assert (moment, delivery, previous) == (at(9.5), "v3", "same")


def test_two_price_edits_between_two_builds_do_not_collapse(story: Connection) -> None:
    assert [row[4] for row in ask(story, STEPS, "acme", "vibe", TUE)] == [20, 4, -4, 10, -10]


def test_a_price_that_was_entered_before_the_first_delivery_is_no_change(story: Connection) -> None:
    assert ask(story, STEPS, "acme", "surfside", MON)[:2] == [
        (1, "first delivery", 100, 100, Decimal("1.2"), Decimal("1.2")),
        (2, "cpm edit", 0, 100, Decimal("-0.2"), Decimal(1)),
    ]


def test_what_was_unknown_counts_as_zero_and_stays_null(story: Connection) -> None:
    """A disabled client: its clicks become known, then its price, which is removed again."""
    query = "select cause, clicks_change, clicks, spend_change, spend from marts.metric_restatements where client_id = 'bolt'"
    assert ask(story, query + " order by step") == [
        ("first delivery", 0, None, 0, None),
        ("newer delivery", 5, 5, 0, None),
        ("cpm edit", 0, 5, 2, 2),
        ("cpm edit", 0, 5, -2, None),
    ]


def test_the_day_at_any_time_is_its_last_step_until_then(story: Connection) -> None:
    last = """select distinct on (changed_at) impressions, spend from marts.metric_restatements
              where client_id = 'acme' and source = 'vibe' and date = %s and changed_at <= %s order by changed_at desc"""
    seen = {hour: ask(story, last, MON, at(hour))[:1] for hour in (0.9, 1, 2.5, 3, 8.9, 9.4, 9.5)}
    assert seen == {0.9: [], 1: [(1500, 15)], 2.5: [(1500, 15)], 3: [(1500, 18)], 8.9: [(1500, 18)],
                    9.4: [(1500, 15)], 9.5: [(0, 0)]}  # fmt: skip


def test_the_rows_of_a_delivery_are_found_through_its_index(story: Connection, target: Path) -> None:
    """With many other deliveries in raw, a change reads the rows of its two deliveries and no others."""
    [compiled] = target.glob("compiled/*/models/intermediate/restatements/int_delivery_transitions__split.sql")
    for source, table in ROW_TABLES.items():
        ask(
            story,
            f"""insert into raw_{source}.{table} (delivery_id, source_row, date, campaign_name, strategy_name,
                    placement_name, creative_name, impressions, unmapped, _dlt_load_id)
                select 'other-' || number / 100, number, '2026-03-02', 'C', 'S', 'P', 'A', 1, '{{}}', 'v1'
                from generate_series(1, 50000) as number""",
        )
        ask(story, f"analyze raw_{source}.{table}")
    [[plan]] = ask(story, f"explain (format json) {compiled.read_text()}")
    story.rollback()
    scans = {(node["Node Type"], node.get("Index Name")) for node in nodes(plan[0]["Plan"]) if reads_rows(node)}
    assert scans == {("Index Scan", f"ix_{table}_delivery_id") for table in ROW_TABLES.values()}


def test_rows_of_changes_that_are_not_published_are_not_let_go(story: Connection, settings: Any) -> None:
    arrives(story, "vibe", "acme", "v5", 11, [Row(TUE, 5, None)])
    with pytest.raises(PaidMediaError, match=r"not built yet \(v5\): paidmedia build"), database.session(settings) as current:
        keep_transitions(current, ["v1"])
    ask(story, "update control.delivery_verdicts set verdict = 'held' where delivery_id = 'v5'")
    story.commit()


def test_what_vanished_outlives_the_raw_rows(story: Connection, build: Build, settings: Any) -> None:
    before, split = ask(story, ALL), ask(story, SPLIT)
    story.commit()
    assert "Nothing is published" not in build("--full-refresh", *MODELS_ONLY).stdout
    assert (ask(story, ALL), ask(story, SPLIT)) == (before, split)
    story.commit()
    with database.session(settings) as current:
        assert keep_transitions(current, ["v2"]) == 2  # v1 to v2, and v2 to the same again
        assert keep_transitions(current, ["v1", "v2"]) == 0
    ask(story, "delete from raw_vibe.performance_report where delivery_id = 'v2'")
    story.commit()
    assert "Nothing is published" not in build("--full-refresh", *MODELS_ONLY).stdout
    assert (ask(story, ALL), ask(story, SPLIT)) == (before, split)
    story.commit()


def test_what_nobody_kept_is_named_and_put_down_to_the_newer_delivery(story: Connection, build: Build) -> None:
    ask(story, "delete from control.kept_transitions where delivery_id = 'v2'")
    story.commit()
    done = build("--full-refresh", *WITHOUT_UNIT_TESTS)
    assert "assert_vanished_rows_of_every_transition_are_known: 1 rows, the first are" in done.stdout
    assert "previous_delivery_id=v1 delivery_id=v2" in done.stdout
    assert "Nothing is published" not in done.stdout
    steps = ask(story, STEPS, "acme", "vibe", MON)
    assert [row[1] for row in steps] == ["first delivery", "cpm edit", "cpm edit", "vanished rows"]
    assert sum(row[2] for row in steps) == 0
