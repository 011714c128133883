"""The queries against sums that the test makes on its own, in Python, from every row of the mart."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from serving import format as shown_as
from serving import queries
from serving.metrics import MEASURES, METRICS
from serving.periods import Period
from serving.queries import asking
from serving.scope import Node, Scope
from tests.serving import marts_tables
from tests.serving.people import ANA, KAY, NOBODY
from warehouse.errors import PaidMediaError
from warehouse.postgres import database

OCTOBER = Period(date(2025, 10, 1), date(2025, 10, 31))
SOURCES = ("facebook", "surfside", "vibe")


@pytest.fixture
def scope(marts: Engine) -> Scope:
    reading = queries.reading(ANA)
    assert reading is not None
    return Scope(reading, ("acme", "bolt"), "USD", OCTOBER, None, SOURCES)


@pytest.fixture(scope="module")
def rows(marts: Engine) -> list[dict[str, Any]]:
    with marts.connect() as connection:
        return [dict(row) for row in connection.execute(text("select * from marts.daily_metrics")).mappings()]


def summed(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The nine metrics of rows, by Decimal arithmetic; a measure that no row has is None."""
    chosen = list(rows)
    sums: dict[str, Any] = {}
    for name in MEASURES:
        values = [row[name] for row in chosen if row[name] is not None]
        sums[name] = sum(values) if values else None

    def ratio(above: str, below: str, factor: int) -> Decimal | None:
        return Decimal(factor) * sums[above] / sums[below] if sums[above] is not None and sums[below] else None

    return sums | {
        "ctr": ratio("clicks", "impressions", 100), "cpc": ratio("spend", "clicks", 1),
        "cpa": ratio("spend", "conversions", 1), "roas": ratio("conversion_revenue", "spend", 100),
    }  # fmt: skip


def agree(row: dict[str, Any], truth: dict[str, Any]) -> None:
    """Measures to the last digit, every metric as it is shown."""
    for name, metric in METRICS.items():
        if name in MEASURES:
            assert row[name] == truth[name], name
        assert shown_as.shown(metric, row[name], "") == shown_as.shown(metric, truth[name], ""), name


def inside(row: dict[str, Any], scope: Scope) -> bool:
    return (
        row["client_id"] in scope.client_ids
        and row["source"] in scope.sources
        and scope.period.start <= row["date"] <= scope.period.end
        and all(row[f"{level}_id"] in ids for level, ids in scope.narrowed.items())
    )


@pytest.mark.parametrize("clients", [("acme",), ("acme", "bolt")])
@pytest.mark.parametrize("sources", [("vibe",), ("facebook", "surfside"), SOURCES])
@pytest.mark.parametrize("narrowed", [(), ("campaign",), ("strategy",), ("campaign", "creative")])
def test_cards_trend_sources_and_every_table_agree_with_the_rows(
    scope: Scope, rows: list[dict[str, Any]], clients: tuple[str, ...], sources: tuple[str, ...],
    narrowed: tuple[str, ...],
) -> None:  # fmt: skip
    scope = replace(scope, client_ids=clients, sources=sources)
    for level in narrowed:
        within = (scope.campaign_ids, scope.strategy_ids)
        known = queries.choices(scope.reading, level, clients, sources, within, (), 1_000)
        scope = replace(scope, **{f"{level}_ids": tuple(row["id"] for row in known[:3])})
    chosen = [row for row in rows if inside(row, scope)]
    truth = summed(chosen)

    agree(queries.totals(scope), truth)
    by_day = queries.trend(scope)
    assert [row["date"] for row in by_day] == [OCTOBER.start + timedelta(days=number) for number in range(31)]
    for row in by_day:
        agree(row, summed(each for each in chosen if each["date"] == row["date"]))
    for row in queries.by_source(scope):
        agree(row, summed(each for each in chosen if each["source"] == row["source"]))
    for level in ("campaign", "strategy", "placement", "creative"):
        entities = queries.breakdown(scope, level, None, "spend", 1000)
        groups = defaultdict(list)
        for each in chosen:
            groups[each[f"{level}_id"]].append(each)
        assert len(entities) == len(groups) == entities[0]["entities"]
        for row in entities:
            agree(row, summed(groups[row[f"{level}_id"]]))
        assert sum(row["spend"] for row in entities) == truth["spend"]


def test_the_way_down_narrows_the_totals_to_the_opened_entity(scope: Scope, rows: list[dict[str, Any]]) -> None:
    creative = next(row for row in rows if row["client_id"] == "acme")
    way = queries.path(scope.reading, scope.client_ids, "creative", creative["creative_id"])
    assert [(node.level, node.name) for node in way] == [
        (level, creative[f"{level}_name"]) for level in ("campaign", "strategy", "placement", "creative")
    ]
    for node in way:
        mine = [row for row in rows if inside(row, scope) and row[f"{node.level}_id"] == node.id]
        agree(queries.totals(scope, node), summed(mine))
        below = queries.breakdown(scope, "creative", node, "impressions", 1000)
        assert sum(row["impressions"] for row in below) == sum(row["impressions"] for row in mine)


def test_an_entity_of_another_client_has_no_way_down(scope: Scope, rows: list[dict[str, Any]]) -> None:
    foreign = next(row["campaign_id"] for row in rows if row["client_id"] == "cosmo")
    assert queries.path(scope.reading, ("acme",), "campaign", foreign) == []
    assert queries.totals(scope, Node("campaign", foreign, "", "acme"))["impressions"] is None


def test_a_table_lists_the_greatest_first_and_counts_all(scope: Scope) -> None:
    first = queries.breakdown(scope, "creative", None, "ctr", 5)
    ratios = [row["ctr"] for row in first]
    assert len(first) == 5
    assert first[0]["entities"] == 48
    assert None not in ratios
    assert ratios == sorted(ratios, reverse=True)


def test_a_day_without_rows_is_a_gap_and_not_a_zero(scope: Scope) -> None:
    days = queries.trend(scope.over(Period(marts_tables.LAST, marts_tables.LAST + timedelta(days=2))))
    assert [row["impressions"] is None for row in days] == [False, True, True]


def test_no_rows_are_no_numbers(scope: Scope) -> None:
    empty = scope.over(Period(date(2020, 1, 1), date(2020, 1, 31)))
    assert set(queries.totals(empty).values()) == {None}
    assert queries.breakdown(empty, "campaign", None, "spend", 10) == []


def test_spend_is_unknown_as_soon_as_one_row_has_no_rate(scope: Scope, marts: Engine) -> None:
    assert queries.totals(scope)["spend"] is not None
    with marts.begin() as connection:
        connection.execute(
            text(
                "update marts.daily_campaign_metrics set spend = null, cpm = null "
                "where client_id = 'bolt' and date = '2025-10-07' and source = 'vibe'"
            )
        )
    try:
        without = queries.totals(scope)
        assert without["impressions"] is not None
        assert [without[name] for name in ("spend", "cpc", "cpa", "roas")] == [None] * 4
        assert queries.totals(replace(scope, client_ids=("acme",)))["spend"] is not None
    finally:
        marts_tables.create(marts)
        marts_tables.fill(marts)


@pytest.mark.parametrize(("grain", "table"), [("week", "weekly_summaries"), ("month", "monthly_summaries")])
def test_summaries_of_one_client_are_those_of_the_mart(scope: Scope, marts: Engine, grain: str, table: str) -> None:
    with marts.connect() as connection:
        promised = {
            row[f"{grain}_start"]: row
            for row in connection.execute(text(f"select * from marts.{table} where client_id = 'acme'")).mappings()
        }
    shown = queries.summaries(replace(scope, client_ids=("acme",)), grain, 100)
    assert [row["period_start"] for row in shown] == sorted(promised, reverse=True)
    for row in shown:
        mart = promised[row["period_start"]]
        assert row["is_complete"] == mart["is_complete"]
        agree(row, dict(mart))
        for name in MEASURES:
            change = shown_as.change(row[name], row[f"previous_{name}"])
            assert shown_as.shown_change(change) == shown_as.shown_change(mart[f"{name}_delta_pct"])


def test_summaries_of_several_clients_are_ratios_of_their_sums(scope: Scope, rows: list[dict[str, Any]]) -> None:
    for row in queries.summaries(scope, "month", 100):
        month = [
            each
            for each in rows
            if each["client_id"] in scope.client_ids and row["period_start"] <= each["date"] <= row["period_end"]
        ]
        agree(row, summed(month))
    newest, before, *_ = queries.summaries(scope, "month", 100)
    assert (newest["is_complete"], newest["previous_is_complete"], before["is_complete"]) == (False, True, True)
    assert newest["previous_spend"] == before["spend"]


def test_highlights_rank_across_the_clients(scope: Scope, rows: list[dict[str, Any]]) -> None:
    campaigns = queries.highlights(scope, "month", OCTOBER.start, "campaigns", 5)
    assert len(campaigns) == 5
    assert [row["conversions"] for row in campaigns] == sorted((row["conversions"] for row in campaigns), reverse=True)
    mine = [
        row for row in rows if row["campaign_id"] == campaigns[0]["id"] and OCTOBER.start <= row["date"] <= OCTOBER.end
    ]
    agree(campaigns[0], summed(mine))
    assert {row["client_name"] for row in queries.highlights(scope, "month", OCTOBER.start, "underperformers", 5)} == {
        "Acme Outdoor"
    }


def test_sources_of_a_month_add_up_to_its_totals(scope: Scope) -> None:
    by_source = queries.month_by_source(scope, OCTOBER.start)
    assert [row["source"] for row in by_source] == list(SOURCES)
    assert sum(row["spend"] for row in by_source) == queries.totals(scope)["spend"]


def test_leaders_of_the_last_days_keep_to_the_filters(scope: Scope) -> None:
    campaigns = queries.leaders(scope, "campaigns", 30, 3)
    assert [row["conversions"] for row in campaigns] == sorted((row["conversions"] for row in campaigns), reverse=True)
    weak = queries.leaders(replace(scope, sources=("facebook",)), "underperformers", 30, 10)
    assert {row["source"] for row in weak} == {"facebook"}
    assert all("against" in row["reason"] for row in weak)
    assert queries.leaders(scope, "creatives", 7, 10) == []


def test_leaders_are_of_the_chosen_strategies_and_creatives(scope: Scope, rows: list[dict[str, Any]]) -> None:
    one = next(row for row in rows if row["client_id"] == "acme" and row["creative_name"] == "Creative 1")
    by_strategy = replace(scope, strategy_ids=(one["strategy_id"],))
    mine = {row["creative_id"] for row in rows if row["strategy_id"] == one["strategy_id"]}
    assert {row["id"] for row in queries.leaders(by_strategy, "creatives", 30, 100)} == mine
    assert [row["id"] for row in queries.leaders(by_strategy, "campaigns", 30, 100)] == [one["campaign_id"]]
    by_creative = replace(scope, creative_ids=(one["creative_id"],))
    for ranking in ("creatives", "underperformers"):
        assert [row["id"] for row in queries.leaders(by_creative, ranking, 30, 100)] == [one["creative_id"]]
    elsewhere = replace(by_creative, campaign_ids=tuple({row["campaign_id"] for row in rows} - {one["campaign_id"]}))
    assert queries.leaders(elsewhere, "creatives", 30, 100) == []


def test_a_list_is_cut_but_what_was_chosen_stays_if_these_clients_have_it(
    scope: Scope, rows: list[dict[str, Any]]
) -> None:
    last = queries.choices(scope.reading, "creative", scope.client_ids, SOURCES, ((), ()), (), 100)[-1]
    foreign = next(row["creative_id"] for row in rows if row["client_id"] == "cosmo")
    wanted = (last["id"], foreign)
    listed = queries.choices(scope.reading, "creative", scope.client_ids, SOURCES, ((), ()), wanted, 5)
    assert len(listed) == 5
    assert listed[-1] == last
    assert foreign not in {row["id"] for row in listed}
    campaign = next(row["campaign_id"] for row in rows if row["creative_id"] == listed[0]["id"])
    within = queries.choices(scope.reading, "creative", scope.client_ids, SOURCES, ((campaign,), ()), wanted, 5)
    assert {row["id"] for row in within} == {row["creative_id"] for row in rows if row["campaign_id"] == campaign}


def test_a_list_that_is_cut_has_the_first_by_name_of_all_clients(scope: Scope) -> None:
    every = queries.choices(scope.reading, "creative", scope.client_ids, SOURCES, ((), ()), (), 100)
    assert len(every) == 48
    cut = queries.choices(scope.reading, "creative", scope.client_ids, SOURCES, ((), ()), (), 7)
    names = sorted((row["creative_name"], row["id"]) for row in every)
    assert {row["id"] for row in cut} == {number for _, number in names[:7]}


def test_a_viewer_gets_only_the_allowed_clients(scope: Scope) -> None:
    assert [row["client_id"] for row in queries.clients(scope.reading)] == ["acme", "bolt", "cosmo"]
    restricted = replace(scope.reading, viewer=KAY)
    assert [row["client_id"] for row in queries.clients(restricted)] == ["cosmo"]
    assert {row["client_id"] for row in queries.freshness(restricted)} == {"cosmo"}
    nobody = replace(scope.reading, viewer=NOBODY)
    assert queries.clients(nobody) == []
    assert len(queries.freshness(scope.reading)) == 9


def test_a_rebuilt_mart_is_a_new_version_of_the_data(marts: Engine) -> None:
    before, again = queries.reading(ANA), queries.reading(ANA)
    assert before is not None
    assert before == again
    marts_tables.create(marts)
    marts_tables.fill(marts)
    after = queries.reading(ANA)
    assert after is not None
    assert after.data_version != before.data_version


def test_marts_of_another_version_are_one_clear_line(marts: Engine, scope: Scope) -> None:
    with marts.begin() as connection:
        connection.execute(text("alter table marts.daily_campaign_metrics rename column spend to cost"))
    try:
        with pytest.raises(PaidMediaError, match=r"marts are of another version.*paidmedia build"):
            queries.totals(scope)
    finally:
        marts_tables.create(marts)
        marts_tables.fill(marts)


def test_a_question_that_takes_too_long_is_one_clear_line(marts: Engine) -> None:
    reader = database.app_engine()
    role = reader.url.username

    def stop_after(limit: str) -> None:
        with marts.begin() as connection:
            connection.execute(text(f"alter role \"{role}\" set statement_timeout = '{limit}'"))
        reader.dispose()  # a role's setting counts from the next connection on

    stop_after("300ms")
    try:
        with pytest.raises(PaidMediaError, match=r"within a minute.*one client or one campaign"):
            asking.rows(ANA, "select pg_sleep(20)")
    finally:
        stop_after("60s")


def test_queries_cannot_write(marts: Engine) -> None:
    with pytest.raises(Exception, match="read-only"):
        asking.rows(ANA, "delete from marts.dim_clients returning client_id")


def test_a_database_that_is_away_is_one_clear_line(
    database_url: str, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody:secret@127.0.0.1:{unused_port}/nowhere")
    with pytest.raises(PaidMediaError, match="cannot be reached") as error:
        queries.reading(ANA)
    assert "secret" not in str(error.value)
    database.engine().dispose()
