"""What the marts say after deliveries, restatements, re-pricing, holds and releases, against sums made by hand.

raw tables filled by SQL → dbt build → marts
"""

import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests.dbt_project.raw_tables import ROW_TABLES, Row, deliver
from tests.rows import add_client, agreed
from tests.warm_dbt import MODELS_ONLY, WITHOUT_UNIT_TESTS

Build = Callable[..., subprocess.CompletedProcess[str]]
Table = list[dict[str, Any]]
Marts = dict[str, Table]

MON, TUE, WED, SUN, NEXT_MON = (date(2026, 3, day) for day in (2, 3, 4, 8, 9))


def at(day: int, hour: int = 6) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def tables(connection: Connection, schema: str = "marts") -> Marts:
    """Every table and view of a schema, each as its rows in a stable order."""
    with connection.cursor() as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = %s", (schema,))
        content: Marts = {}
        for (name,) in cursor.fetchall():
            cursor.execute(f"select * from {schema}.{name} as content order by content::text")
            headings = [column.name for column in cursor.description or ()]
            content[name] = [dict(zip(headings, row, strict=True)) for row in cursor.fetchall()]
    connection.commit()
    return content


def total(rows: Table, measure: str, **where: object) -> Decimal | None:
    """The sum of a measure over the rows that have these values, None when none of them has a number."""
    chosen = [row[measure] for row in rows if all(row[name] == value for name, value in where.items())]
    known = [value for value in chosen if value is not None]
    return sum(known, Decimal(0)) if known else None


def built(build: Build, *arguments: str) -> None:
    done = build(*arguments)
    assert done.returncode == 0, done.stdout[-4000:]


def change_of_prices_and_days(raw: Connection) -> None:
    """A newer report of two days, a rate with a past date, and a newer file that is held."""
    deliver(
        *(raw, "vibe", "acme", "v2"),
        as_of=at(6),
        days=[TUE, WED],
        rows=[Row(TUE, 44, None, 0, creative="Blue"), Row(WED, 50, None, 1, Decimal("3.25"), creative="Blue")],
    )
    deliver(raw, "surfside", "acme", "s2", as_of=at(7), days=[MON], rows=[Row(MON, 9_999_999)], verdict="held")
    agreed(raw, "bolt", 20, SUN, currency="EUR")


def first_deliveries(raw: Connection) -> None:
    """Two clients of two currencies, three sources; one package of each source that did not land completely."""
    add_client(raw, "acme", cpm=Decimal("12.3457"))
    add_client(raw, "bolt", cpm=17, currency="EUR")
    deliver(
        *(raw, "surfside", "acme", "s1"),
        as_of=at(4),
        days=[MON, TUE],
        rows=[
            Row(MON, 1000, 5, 1, Decimal("20.50"), Decimal("4.76"), campaign=" Always\tOn"),
            Row(MON, 500, 1, 0, Decimal(0), Decimal("1.00"), campaign="Always  On "),
            Row(TUE, 333, 0, 0),
            Row(TUE, 10, 2, 3, Decimal("9.5"), creative="Red"),
        ],
    )
    deliver(
        *(raw, "vibe", "acme", "v1"),
        as_of=at(5),
        days=[MON, TUE, WED],
        rows=[
            Row(MON, 801, None, 2, Decimal("7.75")),
            Row(TUE, 40, None, 0, creative="Blue"),
            Row(TUE, 60, None, 1, creative="Vanishes"),
        ],
    )
    deliver(
        *(raw, "facebook", "bolt", "f1"),
        as_of=at(10),
        days=[MON, SUN, NEXT_MON],
        rows=[Row(MON, 82_365, 2447, None, None), Row(SUN, 1000, 0, None, None), Row(NEXT_MON, 3000, 3, None, None)],
    )
    for source in ROW_TABLES:
        deliver(raw, source, "acme", f"torn-{source}", as_of=at(9), days=[MON], rows=[Row(MON, 7)], is_whole=False)


@pytest.fixture(scope="module")
def history(raw: Connection, build: Build) -> dict[str, Marts]:
    """The marts after each step."""
    steps: dict[str, Marts] = {}
    first_deliveries(raw)
    built(build)
    steps["first"] = tables(raw) | {f"staging.{name}": rows for name, rows in tables(raw, "staging").items()}
    change_of_prices_and_days(raw)
    built(build, *WITHOUT_UNIT_TESTS)
    steps["changed"] = tables(raw)
    built(build, *MODELS_ONLY)
    steps["again"] = tables(raw)
    with raw.cursor() as cursor:
        cursor.execute("update control.delivery_verdicts set verdict = 'released' where delivery_id = 's2'")
    built(build, *MODELS_ONLY)
    steps["released"] = tables(raw)
    built(build, "--full-refresh", *WITHOUT_UNIT_TESTS)
    steps["from the start"] = tables(raw)
    return steps


def test_marts_equal_sums_made_by_hand(history: dict[str, Marts]) -> None:
    daily = history["first"]["daily_metrics"]
    assert len(daily) == 9  # of ten rows: two of Monday are one creative
    [monday] = [row for row in daily if row["source"] == "surfside" and row["date"] == MON]
    assert monday["campaign_name"] == "Always On"
    assert (monday["impressions"], monday["clicks"], monday["conversions"]) == (1500, 6, 1)
    assert (monday["conversion_revenue"], monday["reported_spend"]) == (Decimal("20.50"), Decimal("5.76"))
    assert monday["spend"] == Decimal("18.5185500")  # 1,500 × 12.3457 / 1,000
    assert monday["ctr"] == Decimal("0.4")
    assert round(monday["cpc"], 4) == Decimal("3.0864")
    assert round(monday["cpa"], 4) == Decimal("18.5186")
    assert round(monday["roas"], 4) == Decimal("110.6998")
    assert total(daily, "spend", client_id="bolt", date=MON) == Decimal("1400.2050000")  # 82,365 × 17 / 1,000
    assert total(daily, "clicks", source="vibe") is None


def test_summaries_are_ratios_of_sums_in_the_clients_own_currency(history: dict[str, Marts]) -> None:
    weekly = history["first"]["weekly_summaries"]
    assert {(row["client_id"], row["week_start"], row["currency"]) for row in weekly} == {
        ("acme", MON, "USD"),
        ("bolt", MON, "EUR"),
        ("bolt", NEXT_MON, "EUR"),
    }
    [acme] = [row for row in weekly if row["client_id"] == "acme"]
    assert (acme["impressions"], acme["clicks"], acme["conversions"]) == (2744, 8, 7)
    assert acme["spend"] == Decimal("33.8766008")  # 2,744 × 12.3457 / 1,000
    assert round(acme["ctr"], 6) == Decimal("0.291545")
    assert acme["is_complete"] is False
    later = next(row for row in weekly if row["week_start"] == NEXT_MON)
    assert round(later["impressions_delta_pct"], 6) == Decimal("-96.401367")  # 3,000 against 83,365
    assert [item["impressions"] for item in acme["top_campaigns"]] == [1843, 901]
    [month] = [row for row in history["first"]["monthly_summaries"] if row["client_id"] == "bolt"]
    assert month["spend"] == Decimal("1468.2050000")  # 86,365 × 17 / 1,000


def test_packages_that_did_not_land_completely_are_not_read(history: dict[str, Marts]) -> None:
    views = {name: rows for name, rows in history["first"].items() if name.startswith("staging.") and rows}
    delivered = [row["delivery_id"] for name, rows in views.items() if "control" not in name for row in rows]
    assert set(delivered) == {"s1", "v1", "f1"}
    [freshness] = [row for row in history["first"]["data_freshness"] if row["source"] == "surfside"]
    assert (freshness["deliveries"], freshness["rows_accepted"]) == (1, 4)


def test_only_restated_and_repriced_days_change(history: dict[str, Marts]) -> None:
    before, after = history["first"]["daily_metrics"], history["changed"]["daily_metrics"]
    changed = {
        (row["client_id"], row["source"], row["date"])
        for row in [*before, *after]
        if (row in before) is not (row in after)
    }
    assert changed == {
        ("acme", "vibe", TUE),
        ("acme", "vibe", WED),
        ("bolt", "facebook", SUN),
        ("bolt", "facebook", NEXT_MON),
    }


def test_a_creative_that_vanished_is_listed_no_more(history: dict[str, Marts]) -> None:
    names = {row["creative_name"] for row in history["changed"]["dim_creatives"]}
    assert names == {"Blue", "Red"}


def test_rate_with_a_past_date_reprices_the_days_it_governs(history: dict[str, Marts]) -> None:
    bolt = [row for row in history["changed"]["daily_metrics"] if row["client_id"] == "bolt"]
    assert sorted((row["date"], row["cpm"], row["spend"]) for row in bolt) == [
        (MON, Decimal(17), Decimal("1400.205")),
        (SUN, Decimal(20), Decimal(20)),
        (NEXT_MON, Decimal(20), Decimal(60)),
    ]


def test_held_delivery_is_not_read_until_it_is_released(history: dict[str, Marts]) -> None:
    monday = {"source": "surfside", "date": MON}
    assert total(history["changed"]["daily_metrics"], "impressions", **monday) == 1500
    assert total(history["changed"]["data_freshness"], "held_deliveries", source="surfside") == 1
    assert total(history["released"]["daily_metrics"], "impressions", **monday) == 9_999_999
    assert total(history["released"]["data_freshness"], "held_deliveries", source="surfside") == 0


def test_building_again_changes_nothing(history: dict[str, Marts]) -> None:
    assert history["again"] == history["changed"]


def test_a_full_refresh_gives_the_same_tables(history: dict[str, Marts]) -> None:
    assert history["from the start"] == history["released"]


# After a full refresh every day is a changed one, and its rows still wait beside the published ones.
HOPS = {
    "update raw_vibe.performance_report set impressions = 51 where delivery_id = 'v2' and impressions = 50": (
        "ledger to staging",
        ("acme", "vibe", WED, "impressions", Decimal(50), Decimal(51)),
    ),
    "delete from raw_facebook.ads_export where date = '2026-03-08'": (
        "ledger to staging",
        ("bolt", "facebook", SUN, "accepted_rows", Decimal(1), Decimal(0)),
    ),
    "update intermediate.int_surfside_metrics__summed set conversions = null where source = 'surfside' and conversions = 3": (
        "staging to int_metrics__summed",
        ("acme", "surfside", TUE, "conversions", Decimal(3), Decimal(0)),
    ),
    "update publishing.daily_metrics set reported_spend = 0.01 where creative_name = 'Red'": (
        "int_metrics__summed to daily_metrics",
        ("acme", "surfside", TUE, "reported_spend", Decimal(0), Decimal("0.01")),
    ),
    "update publishing.daily_metrics set spend = spend + 0.0000001 where client_id = 'bolt' and date = '2026-03-09'": (
        "rates to daily_metrics",
        ("bolt", "facebook", NEXT_MON, "spend", Decimal(60), Decimal("60.0000001")),
    ),
    "delete from publishing.daily_campaign_metrics where source = 'facebook' and date = '2026-03-02'": (
        "daily_metrics to daily_campaign_metrics",
        ("bolt", "facebook", MON, "clicks", Decimal(2447), Decimal(0)),
    ),
    "update publishing.source_breakdown set conversion_revenue = 0 where source = 'surfside'": (
        "campaigns to source_breakdown",
        ("acme", "surfside", date(2026, 3, 1), "conversion_revenue", Decimal("9.5"), Decimal(0)),
    ),
    "update publishing.weekly_summaries set impressions = 1 where client_id = 'bolt' and week_start = '2026-03-09'": (
        "campaigns to weekly_summaries",
        ("bolt", "all", NEXT_MON, "impressions", Decimal(3000), Decimal(1)),
    ),
    "delete from publishing.monthly_summaries where client_id = 'bolt'": (
        "campaigns to monthly_summaries",
        ("bolt", "all", date(2026, 3, 1), "spend", Decimal("1480.205"), Decimal(0)),
    ),
}


@pytest.mark.parametrize("damage", HOPS)
def test_a_hop_that_loses_something_is_named_with_client_source_and_day(
    history: dict[str, Marts], raw: Connection, build: Build, target: Path, damage: str
) -> None:
    hop, row = HOPS[damage]
    [compiled] = target.glob("compiled/**/assert_no_hop_loses_a_row_or_a_measure.sql")
    with raw.cursor() as cursor:
        cursor.execute(compiled.read_text())
        before = cursor.fetchall()
        cursor.execute(damage)
        assert cursor.rowcount == 1
        cursor.execute(compiled.read_text())
        found = cursor.fetchall()
    raw.rollback()
    assert before == []
    assert (hop, *row) in found


def test_missing_cpm_fails_by_name_and_the_marts_are_built(
    history: dict[str, Marts], raw: Connection, build: Build
) -> None:
    add_client(raw, "drift", cpm=None, currency="GBP")
    deliver(raw, "vibe", "drift", "v9", as_of=at(9), days=[MON, TUE], rows=[Row(MON, 500, None), Row(TUE, 500, None)])
    deliver(raw, "vibe", "acme", "v3", as_of=at(9), days=[WED], rows=[Row(WED, 1000, None)])
    done = build(*WITHOUT_UNIT_TESTS)
    marts = tables(raw)
    agreed(raw, "drift", 9, currency="GBP")
    assert done.returncode == 1
    [named] = [line for line in done.stdout.splitlines() if "client_id=drift" in line]
    assert "first_date=2026-03-02 last_date=2026-03-03" in named
    [week] = [row for row in marts["weekly_summaries"] if row["client_id"] == "drift"]
    assert (week["impressions"], week["spend"], week["currency"]) == (1000, None, "GBP")
    assert total(marts["daily_metrics"], "spend", client_id="acme", source="vibe", date=WED) == Decimal("12.3457")


def test_row_that_came_twice_fails_by_name_and_leaves_the_marts(
    history: dict[str, Marts], raw: Connection, build: Build
) -> None:
    built(build, *MODELS_ONLY)
    before = tables(raw)
    deliver(raw, "surfside", "acme", "s3", as_of=at(12), days=[MON], rows=[Row(MON, 5)])
    deliver(raw, "vibe", "bolt", "v4", as_of=at(12), days=[MON], rows=[Row(MON, 5, None)])
    with raw.cursor() as cursor:
        cursor.execute(
            "insert into raw_surfside.media_report select * from raw_surfside.media_report where delivery_id = 's3'"
        )
    done = build(*WITHOUT_UNIT_TESTS)
    assert done.returncode == 1
    assert "delivery_id=s3 client_id=acme source=surfside rows_accepted=1 delivered_rows=2" in done.stdout
    assert "Nothing is published: " in done.stdout
    assert tables(raw) == before
