"""Archived months are final: builds afterwards, by what changed and in full, say the same, and raw rows may go.

months archived → news of final and of open days → dbt build → marts
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from loaders.ledger import losers
from tests.dbt_project.old_months import FIRST_HOT, FIRST_OPEN, GONE, QUIET, TODAY, ask, at, everything, rows_of
from tests.dbt_project.raw_tables import deliver
from tests.dbt_project.test_history_of_deliveries import Build, Marts, built
from tests.rows import agreed
from tests.warm_dbt import MODELS_ONLY, WITHOUT_UNIT_TESTS
from warehouse.billing import pricing
from warehouse.control import lookup
from warehouse.clients import clients
from warehouse.deliveries import transitions
from warehouse.postgres import database
from warehouse.billing.delivered_days import delivered_days
from warehouse.errors import PaidMediaError
from warehouse.months import utc_today
from warehouse.settings import Settings

pytestmark = pytest.mark.heavy

NAMING = "assert_final_days_rest_on_what_is_newest"


@contextmanager
def damaged(raw: Connection) -> Iterator[None]:
    """A row of raw says something else than its ledger."""
    change = "update raw_vibe.performance_report set clicks = clicks {} 1 where delivery_id = 'v-1' and source_row = 2"
    for sign in "+-":
        with raw.cursor() as cursor:
            cursor.execute(change.format(sign))
        raw.commit()
        if sign == "+":
            yield


@pytest.fixture(scope="module")
def refreshed(archived: Marts, raw: Connection, build: Build) -> Marts:
    built(build, "--full-refresh", *MODELS_ONLY)
    return everything(raw)


@pytest.fixture(scope="module")
def restated(refreshed: Marts, raw: Connection, build: Build) -> tuple[Marts, Marts, str]:
    """The marts after news of final and of open days, by what changed and in full, and what the build said."""
    final = [date(2026, 2, 10), date(2026, 4, 2)]
    deliver(raw, "vibe", "acme", "v-final", as_of=at(TODAY), days=final, rows=rows_of(final, more=5_000))
    deliver(raw, "vibe", "late", "v-late", as_of=at(TODAY), days=GONE, rows=rows_of(GONE))
    agreed(raw, "gone", 99, date(2026, 2, 1))
    agreed(raw, "acme", 98, date(2026, 3, 1))
    agreed(raw, "acme", Decimal("12.3457"), FIRST_OPEN)
    lost = [date(2026, 4, 7)]
    deliver(raw, "surfside", "acme", "s-lost", as_of=at(TODAY), days=lost, rows=rows_of(lost, more=1))
    changed = [date(2026, 4, 8)]
    deliver(raw, "vibe", "quiet", "v-changed", as_of=at(TODAY), days=changed, rows=rows_of(changed, more=7))
    done = build(*WITHOUT_UNIT_TESTS)
    assert done.returncode == 0, done.stdout[-4000:]
    by_change = everything(raw)
    built(build, "--full-refresh", *MODELS_ONLY)
    return by_change, everything(raw), done.stdout


def test_a_full_refresh_after_the_archive_gives_the_same_marts(archived: Marts, refreshed: Marts) -> None:
    assert refreshed == archived


def test_a_full_refresh_after_news_gives_what_the_build_gave(restated: tuple[Marts, Marts, str]) -> None:
    by_change, in_full, _ = restated
    assert in_full == by_change


def test_news_of_final_days_changes_no_number(archived: Marts, restated: tuple[Marts, Marts, str]) -> None:
    after, _, _ = restated
    final = {
        "daily_metrics": ("date", FIRST_OPEN),
        "daily_campaign_metrics": ("date", FIRST_OPEN),
        "weekly_summaries": ("week_start", FIRST_OPEN),
        "monthly_summaries": ("month_start", FIRST_HOT),
        "source_breakdown": ("month_start", FIRST_HOT),
    }
    for mart, (column, first_open) in final.items():
        before = [row for row in archived[mart] if row[column] < first_open]
        assert before
        assert [row for row in after[mart] if row[column] < first_open] == before
    assert "late" not in {row["client_id"] for mart in final for row in after[mart]}


def test_news_of_open_days_is_modelled(restated: tuple[Marts, Marts, str]) -> None:
    after, _, _ = restated
    [week] = [r for r in after["weekly_summaries"] if r["client_id"] == "quiet" and r["week_start"] == FIRST_OPEN]
    open_days = [day for day in QUIET if day >= FIRST_OPEN]
    assert week["impressions"] == sum(row.impressions for row in rows_of(open_days)) + 2 * 7


def test_what_came_for_final_days_is_named(restated: tuple[Marts, Marts, str]) -> None:
    _, _, said = restated
    assert f"{NAMING}: 5 rows" in said
    for words in (
        "client_id=acme client_name=Acme source=vibe difference=newer delivery first_date=2026-02-10 last_date=2026-04-02",
        "client_id=acme client_name=Acme source=surfside difference=other rate first_date=2026-03-01 last_date=2026-04-05",
        "client_id=acme client_name=Acme source=vibe difference=other rate first_date=2026-03-01 last_date=2026-04-05",
        "client_id=gone client_name=Gone source=facebook difference=other rate first_date=2026-02-01",
        "client_id=late client_name=Late source=vibe difference=first delivery first_date=2026-01-20",
    ):
        assert words in said


def test_creatives_of_archived_days_stay_though_no_other_day_has_them(
    before: Marts, restated: tuple[Marts, Marts, str]
) -> None:
    after, _, _ = restated

    def those_named(marts: Marts, creative: str) -> list[dict[str, Any]]:
        return [row for row in marts["dim_creatives"] if row["creative_name"] == creative]

    assert those_named(before, "January")
    assert those_named(after, "January") == those_named(before, "January")
    assert {(row["client_id"], row["source"]) for row in those_named(before, "Fades")} == {("acme", "surfside")}
    assert those_named(after, "Fades") == those_named(before, "Fades")


def test_windows_that_reach_archived_days_stay_until_the_client_is_back(
    archived: Marts, restated: tuple[Marts, Marts, str], raw: Connection, build: Build
) -> None:
    def windows(marts: Marts) -> dict[str, list[tuple[Any, ...]]]:
        found: dict[str, list[tuple[Any, ...]]] = {}
        for row in marts["top_performers"]:
            if row["client_id"] == "quiet" and row["level"] == "campaign":
                found.setdefault(row["period"], []).append((row["period_start"], row["period_end"], row["impressions"]))
        return found

    before, after = windows(archived), windows(restated[0])
    assert after["last_90_days"] == before["last_90_days"]
    assert after["last_30_days"] == before["last_30_days"]
    assert after["last_7_days"][0][2] == before["last_7_days"][0][2] + 2 * 7

    soon, back = date(2026, 4, 12), date(2026, 8, 1)
    deliver(raw, "vibe", "quiet", "v-soon", as_of=at(TODAY), days=[soon], rows=rows_of([soon]))
    built(build, *MODELS_ONLY)
    assert windows(everything(raw))["last_90_days"] == before["last_90_days"]
    deliver(raw, "vibe", "quiet", "v-back", as_of=at(TODAY), days=[back], rows=rows_of([back]))
    built(build, *MODELS_ONLY)
    expected = sum(row.impressions for row in rows_of([back]))
    last = everything(raw)
    assert windows(last)["last_90_days"] == [(back - timedelta(days=89), back, expected)]
    starts = ask(raw, "select period, client_id, count(distinct period_start) from intermediate.int_creative_periods__summed group by 1, 2")
    assert {count for _, _, count in starts} == {1}


def test_losers_leave_raw_after_35_days_and_builds_say_the_same(
    restated: tuple[Marts, Marts, str], raw: Connection, build: Build, hot: Settings
) -> None:
    some = [date(2026, 7, 1), date(2026, 7, 2)]
    for number, verdict in enumerate(("passed", "passed", "held", None, "passed"), start=1):
        rows = rows_of(some, more=number)
        name, as_of = f"v-{number}", at(date(2026, 7, 20), 10 + number)
        deliver(raw, "vibe", "acme", name, as_of=as_of, days=some, rows=rows, verdict=verdict)
    built(build, *MODELS_ONLY)
    before = everything(raw)
    today = utc_today()
    seen: list[list[str]] = []

    def left(after: int) -> set[str]:
        outcome = losers.expire(
            hot,
            today + timedelta(days=after),
            dry_run=False,
            before_dropping=[transitions.keep_transitions, lambda _, ids: seen.append(sorted(ids))],
        )
        list(outcome)
        return {name for (name,) in ask(raw, "select distinct delivery_id from raw_vibe.performance_report")}

    everyone = left(34)
    assert everyone >= {"v-1", "v-2", "v-3", "v-4", "v-5", "v-final", "v-late"}
    with damaged(raw), pytest.raises(PaidMediaError, match="the rows of v-1 are not what its ledger says; they stay"):
        left(35)
    assert left(34) == everyone
    seen.clear()
    # v-3 and v-4 may still be let through; of v-acme and v-quiet some days count
    assert left(35) == everyone - {"v-1", "v-2", "v-final", "v-late"}
    assert seen == [["v-1", "v-2", "v-final", "v-late"], ["f-gone"]]
    [(rows, impressions)] = ask(
        raw, "select rows, sums ->> 'impressions' from control.dropped_deliveries where delivery_id = 'v-1'"
    )
    assert (rows, int(impressions)) == (4, sum(row.impressions for row in rows_of(some, more=1)))
    assert ask(raw, "select count(*) from raw_vibe.delivery_days where delivery_id = 'v-1'") == [(2,)]
    built(build, *MODELS_ONLY)
    assert everything(raw) == before
    built(build, "--full-refresh", *MODELS_ONLY)
    assert everything(raw) == before


def test_a_rate_for_archived_months_is_refused_or_booked(restated: tuple[Marts, Marts, str], hot: Settings) -> None:
    january = date(2026, 1, 1)
    with database.session(hot) as current:
        acme = lookup.get_client(current, "acme")
        assert pricing.closed_months(current, "acme") >= {january}
        with pytest.raises(PaidMediaError, match="would change the spend of closed months of acme: 2026-01 by"):
            pricing.enter(current, acme, cpm=Decimal(77), effective_date=january)
        entered = pricing.enter(current, acme, cpm=Decimal(77), effective_date=january, adjust=True)
        assert january in {row.for_month for row in entered.adjustments}
        assert all(not day.waiting for day in delivered_days(current, "acme", before=FIRST_OPEN))
        current.rollback()


def test_a_contract_with_another_column_keeps_what_is_archived(
    restated: tuple[Marts, Marts, str], raw: Connection, build: Build
) -> None:
    before = everything(raw)
    with raw.cursor() as cursor:
        cursor.execute("alter table marts.daily_campaign_metrics drop column roas cascade")
    raw.commit()
    built(build, "--full-refresh", *MODELS_ONLY)
    after = everything(raw)

    def without_ratio(marts: Marts) -> list[dict[str, Any]]:
        return [row | {"roas": None} for row in marts["daily_campaign_metrics"] if row["date"] < FIRST_HOT]

    assert without_ratio(before)
    assert without_ratio(after) == without_ratio(before)
