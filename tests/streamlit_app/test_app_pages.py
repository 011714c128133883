"""Every page, run by Streamlit against a real Postgres: what it shows, what the URL keeps, and what goes wrong."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import Engine, text
from streamlit.proto.Metric_pb2 import Metric as MetricColours
from streamlit.testing.v1 import AppTest

from serving import format as shown_as
from serving import queries, words
from serving.metrics import METRICS
from serving.periods import Period
from serving.reports import FORMATS
from serving.scope import Scope
from serving.viewer import Viewer
from streamlit_app import filters
from streamlit_app.main import PAGES
from tests.serving import marts_tables, people
from tests.serving.people import ANA
from warehouse.postgres import database

MAIN = Path(__file__).parents[2] / "streamlit_app" / "main.py"
LAST_30 = Period(date(2025, 10, 30), marts_tables.LAST)


def opened(page: str = "overview", *, viewer: Viewer = ANA, **parameters: Any) -> AppTest:
    """The app on a page, with the parameters of a URL, as somebody who has logged in."""
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    with database.session() as current:
        app.session_state["token"] = people.token(current, viewer)
    app.query_params.update(parameters)
    app.run()
    if page != "overview":
        app.switch_page(f"views/{page}.py").run()
    assert not app.exception
    return app


def cards(app: AppTest) -> dict[str, tuple[str, str]]:
    """Value and change of every card, by its label."""
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


def expected(client_ids: tuple[str, ...], currency: str, period: Period) -> dict[str, Any]:
    """The metrics that the marts have for these clients and days."""
    reading = queries.reading(ANA)
    assert reading is not None
    return queries.totals(Scope(reading, client_ids, currency, period, None, ("facebook", "surfside", "vibe")))


def texts(app: AppTest) -> str:
    """All that is written on the page."""
    elements = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.code, *app.error, *app.warning, *app.info]
    return "\n".join(str(element.value) for element in elements)


@pytest.mark.parametrize(("page", "title"), [(name, title) for name, title, _ in PAGES[:4]])
def test_every_page_about_numbers_says_as_of_when_and_what_is_late(marts: Engine, page: str, title: str) -> None:
    app = opened(page)
    assert app.title[0].value == title
    assert "Data to **28 Nov 2025** · last delivery 29 Nov 2025, 05:12 UTC" in texts(app)
    assert ":red-badge[Facebook, Acme Outdoor:" in texts(app)
    assert not app.error


def test_overview_shows_the_nine_numbers_of_the_marts(marts: Engine) -> None:
    truth = expected(("acme", "bolt"), "USD", LAST_30)
    before = expected(("acme", "bolt"), "USD", Period(date(2025, 9, 30), date(2025, 10, 29)))
    shown = cards(opened())
    assert list(shown) == [metric.label for metric in METRICS.values()]
    for metric in METRICS.values():
        change = shown_as.change(truth[metric.name], before[metric.name])
        assert shown[metric.label] == (
            shown_as.shown(metric, truth[metric.name], "USD"),
            shown_as.shown_change(change),
        )


def test_overview_charts_and_ranks_the_chosen_metric(marts: Engine) -> None:
    app = opened(metric="roas")
    headings = ["ROAS per day", "ROAS by source", "Campaigns by ROAS", "Best and weakest"]
    assert [heading.value for heading in app.subheader] == headings
    rankings = ["Campaigns by conversions", "Creatives by revenue", "Underperforming creatives"]
    assert [tab.label for tab in app.tabs] == rankings
    table = app.dataframe[0].value
    assert list(table.columns[:3]) == ["Campaign", "Source", "Client"]
    assert list(table["ROAS (%)"]) == sorted(table["ROAS (%)"], reverse=True)
    assert table[table["Source"] == "Vibe"]["Clicks"].isna().all()
    app.segmented_control(key="metric").set_value("spend").run()
    assert app.subheader[0].value == "Spend per day"
    assert app.query_params["metric"] == "spend"


def test_currencies_are_asked_for_and_never_added(marts: Engine) -> None:
    app = opened()
    assert app.segmented_control(key="currency").value == "USD"
    assert "Not shown, billed in another currency: Cosmo Kaffee." in texts(app)
    app.segmented_control(key="currency").set_value("EUR").run()
    spend = shown_as.shown(METRICS["spend"], expected(("cosmo",), "EUR", LAST_30)["spend"], "EUR")
    assert cards(app)["Spend"][0] == spend
    app.multiselect(key="client").set_value(["acme", "bolt"]).run()
    assert cards(app)["Spend"][0].endswith(" USD")
    assert "currency" not in [control.key for control in app.segmented_control]


def test_filters_are_kept_in_the_url_and_from_page_to_page(marts: Engine) -> None:
    app = opened(client="acme", period="last_month", source="surfside")
    assert app.multiselect(key="client").value == ["acme"]
    assert app.selectbox(key="period").value == "last_month"
    spend = cards(app)["Spend"]
    app.selectbox(key="compare").set_value("none").run()
    assert app.query_params == {"client": "acme", "period": "last_month", "source": "surfside", "compare": "none"}
    for page in ("data_freshness", "summaries", "performance"):
        app.switch_page(f"views/{page}.py").run()
        assert app.query_params["period"] == "last_month"
    app.switch_page("views/overview.py").run()
    assert cards(app)["Spend"] == (spend[0], "")


def test_a_url_for_what_there_is_not_is_ignored(marts: Engine) -> None:
    app = opened(client="nobody", source="tiktok", campaign="none", period="ages", currency="XXX", open="campaign:none")
    assert cards(app) == cards(opened())
    assert not cards(opened("performance", open="campaign:none"))


def entity(marts: Engine, client_id: str, level: str, name: str = "%") -> str:
    """One of the entities of a client and Surfside, of a name if one is given."""
    with marts.connect() as connection:
        sql = f"""
            select min({level}_id) from marts.daily_metrics
            where client_id = :client_id and source = 'surfside' and {level}_name like :name
        """
        return str(connection.execute(text(sql), {"client_id": client_id, "name": name}).scalar())


@pytest.mark.parametrize("level", ["campaign", "strategy", "creative"])
def test_a_campaign_strategy_or_creative_of_the_url_is_what_the_page_is_about(marts: Engine, level: str) -> None:
    mine = entity(marts, "bolt", level)
    for page in ("overview", "performance"):
        app = opened(page, client="bolt", **{level: mine})
        assert app.multiselect(key=level).value == [mine]
        assert app.query_params == {"client": "bolt", level: mine}
        scope = app.session_state["scope"]
        assert scope.narrowed == {level: (mine,)}
    totals = queries.totals(scope)
    assert app.dataframe[1].value["Impressions"][0] == totals["impressions"]
    assert totals["impressions"] < expected(("bolt",), "USD", LAST_30)["impressions"]


@pytest.mark.parametrize("level", ["campaign", "strategy", "creative"])
def test_an_entity_of_another_client_in_the_url_is_dropped(marts: Engine, level: str) -> None:
    app = opened(viewer=people.CARL, **{level: [entity(marts, "acme", level), entity(marts, "bolt", level)]})
    assert app.multiselect(key=level).value == [entity(marts, "bolt", level)]
    assert app.query_params == {level: entity(marts, "bolt", level)}
    assert not any("Acme" in option for option in app.multiselect(key=level).options)


def test_lists_offer_what_the_filters_above_leave(marts: Engine) -> None:
    app = opened(client="bolt", source="surfside")
    assert len(app.multiselect(key="strategy").options) == 4
    assert len(app.multiselect(key="creative").options) == 8
    app.multiselect(key="campaign").set_value([entity(marts, "bolt", "campaign", "Always On")]).run()
    assert app.multiselect(key="strategy").options == [
        "Prospecting · Always On · Surfside", "Retargeting · Always On · Surfside"
    ]  # fmt: skip
    strategy = next(
        row["id"]
        for row in queries.choices(
            app.session_state["scope"].reading, "strategy", ("bolt",), ("surfside",),
            (app.session_state["scope"].campaign_ids, ()), (), 9,
        )
    )  # fmt: skip
    app.multiselect(key="strategy").set_value([strategy]).run()
    assert len(app.multiselect(key="creative").options) == 2
    app.multiselect(key="creative").set_value([entity(marts, "bolt", "creative", "Creative 1")]).run()
    assert app.session_state["scope"].creative_ids == (entity(marts, "bolt", "creative", "Creative 1"),)
    app.multiselect(key="source").set_value(["vibe"]).run()
    assert [app.multiselect(key=level).value for level in ("campaign", "strategy", "creative")] == [[], [], []]


def test_a_long_list_says_what_to_narrow_and_keeps_what_the_url_names(
    marts: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "OFFERED", 6)
    app = opened(viewer=people.CARL)
    assert len(app.multiselect(key="strategy").options) == 6
    assert "At most 6 creatives are listed: choose a client, source, campaign, strategy to see others." in texts(app)
    named = entity(marts, "bolt", "creative")
    assert opened(viewer=people.CARL, creative=named).multiselect(key="creative").value == [named]


def test_days_before_the_first_delivery_are_not_compared(marts: Engine) -> None:
    app = opened(period="custom", **{"from": "2025-09-05", "to": "2025-09-14"})
    assert {delta for _, delta in cards(app).values()} == {""}
    assert "not all of it was delivered" in texts(app)


def test_days_without_rows_say_so(marts: Engine) -> None:
    app = opened(period="custom", **{"from": "2020-01-01", "to": "2020-01-31"})
    assert "Nothing was delivered for this choice" in texts(app)
    app.switch_page("views/performance.py").run()
    assert not app.exception
    assert "Nothing was delivered for this choice" in texts(app)


def test_reset_puts_every_filter_back(marts: Engine) -> None:
    app = opened(client="cosmo", period="last_7_days")
    next(button for button in app.button if button.label == "Reset filters").click().run()
    assert app.multiselect(key="client").value == []
    assert app.selectbox(key="period").value == "last_30_days"


def test_performance_goes_down_and_its_totals_equal_the_cards(marts: Engine) -> None:
    app = opened(client="bolt")
    truth = cards(app)
    app.switch_page("views/performance.py").run()
    for level, nodes in (("campaign", 6), ("strategy", 12), ("placement", 12), ("creative", 24)):
        app.segmented_control(key="level").set_value(level).run()
        table, totals = app.dataframe[0].value, app.dataframe[1].value
        assert len(table) == nodes
        assert totals[level.capitalize()][0].startswith(f"Total of {nodes} ")
        assert table["Impressions"].sum() == totals["Impressions"][0]
        for metric in METRICS.values():
            value = totals[shown_as.headed(metric, "USD")][0]
            words = f"{value:,.{metric.decimals}f}" + {"count": "", "money": " USD", "percent": " %"}[metric.kind]
            assert words == truth[metric.label][0]


def test_performance_opens_an_entity_and_comes_back(marts: Engine) -> None:
    app = opened("performance", client="acme", source="surfside")
    for level, below in (("campaign", 2), ("strategy", 1), ("placement", 2)):
        chooser = next(box for box in app.selectbox if box.label == f"Open a {level}")
        wanted = chooser.options[0]
        chooser.select_index(0).run()
        assert not app.exception
        path = [button.label for button in app.button if (button.key or "").startswith("path-")]
        assert path[-1] == shown_as.escaped(wanted.split(" · ")[0])
        assert len(app.dataframe[0].value) == below
        assert app.query_params["open"].startswith(f"{level}:")
    assert app.segmented_control(key="level").options == ["Creatives"]
    next(button for button in app.button if button.label == "All campaigns").click().run()
    assert "open" not in app.query_params
    assert len(app.dataframe[0].value) == 2


def test_summaries_mark_what_is_incomplete_and_judge_no_unfair_change(marts: Engine) -> None:
    app = opened("summaries")
    weeks = app.selectbox(key="week-start")
    assert weeks.options[0] == "24 – 30 Nov 2025 (incomplete)"
    assert weeks.value == date(2025, 11, 17)
    assert "Change against the week before." in texts(app)
    week = expected(("acme", "bolt"), "USD", Period(date(2025, 11, 17), date(2025, 11, 23)))
    assert cards(app)["Spend"][0] == shown_as.shown(METRICS["spend"], week["spend"], "USD")
    assert MetricColours.MetricColor.GREEN in {metric.color for metric in app.metric}
    weeks.select_index(0).run()
    assert ":orange-badge[Incomplete]" in texts(app)
    assert {metric.color for metric in app.metric} == {MetricColours.MetricColor.GRAY}
    assert len(app.dataframe[-1].value) == 13


def test_months_have_their_sources_and_rankings(marts: Engine) -> None:
    app = opened("summaries", client="acme", grain="month")
    assert app.selectbox(key="month-start").value == date(2025, 10, 1)
    headings = [heading.value for heading in app.subheader]
    assert headings == ["Spend and revenue", "Sources of the month", "All months"]
    assert [tab.label for tab in app.tabs] == [
        "Top campaigns by conversions",
        "Top creatives by revenue",
        "Underperformers",
    ]
    sources = next(table.value for table in app.dataframe if "Source" in table.value.columns[:1])
    assert list(sources["Source"]) == ["Facebook", "Surfside", "Vibe"]
    assert app.query_params == {"client": "acme", "grain": "month"}


def test_adjustments_stand_apart_from_the_spend_and_are_added_to_what_is_billed(marts: Engine) -> None:
    without = opened("summaries", client="acme", grain="month")
    assert "To bill" not in cards(without)
    with marts.begin() as connection:
        connection.execute(
            text(
                """
                insert into marts.spend_adjustments values
                    (1, 'acme', 'Acme Outdoor', '2025-10-07', '2025-09-01', 1234.5678, 'USD', 14, '2025-09-03', now()),
                    (2, 'acme', 'Acme Outdoor', '2025-10-31', '2025-09-01', -0.5, 'USD', null, null, now()),
                    (3, 'bolt', 'Bolt Energy', '2025-10-07', '2025-09-01', 9999, 'USD', 14, '2025-09-03', now());
                update marts.monthly_summaries set spend_adjustments = 1234.0678
                where client_id = 'acme' and month_start = '2025-10-01'
                """
            )
        )
    try:
        st.cache_data.clear()  # Postgres counts what was written only after a moment
        app = opened("summaries", client="acme", grain="month")
        spend = expected(("acme",), "USD", Period(date(2025, 10, 1), date(2025, 10, 31)))["spend"]
        shown = cards(app)
        assert shown["Spend"][0] == shown["Spend of the period"][0] == shown_as.shown(METRICS["spend"], spend, "USD")
        assert shown["Adjustments"][0] == "1,234.07 USD"
        assert shown["To bill"][0] == shown_as.shown(METRICS["spend"], spend + Decimal("1234.0678"), "USD")
        [listed] = [table.value for table in app.dataframe if "Because" in table.value.columns]
        assert list(listed["Because"]) == ["CPM 14 USD from 3 Sep 2025", "the month was opened again"]
        assert list(listed["For"]) == ["September 2025"] * 2
        assert "Spend is without adjustments, which were booked in: October 2025." in texts(app)
        app.selectbox(key="month-start").select_index(2).run()
        assert "To bill" not in cards(app)
    finally:
        marts_tables.create(marts)
        marts_tables.fill(marts)


def test_freshness_shows_what_is_late_held_and_rejected(marts: Engine) -> None:
    with marts.begin() as connection:
        connection.execute(text("update marts.data_freshness set last_date = current_date - 1 where source <> 'vibe'"))
        connection.execute(
            text("update marts.data_freshness set held_deliveries = 1 where client_id = 'bolt' and source = 'facebook'")
        )
        connection.execute(text("update marts.dim_clients set is_active = false where client_id = 'acme'"))
    try:
        app = opened("data_freshness")
        table = app.dataframe[0].value
        states = {(row["Client"], row["Source"]): list(row["State"]) for _, row in table.iterrows()}
        assert states == {
            ("Acme Outdoor", "Facebook"): ["Disabled"], ("Acme Outdoor", "Surfside"): ["Disabled"],
            ("Acme Outdoor", "Vibe"): ["Disabled"], ("Bolt Energy", "Facebook"): ["Held"],
            ("Bolt Energy", "Surfside"): ["On time"], ("Bolt Energy", "Vibe"): ["Stale"],
            ("Cosmo Kaffee", "Facebook"): ["On time"], ("Cosmo Kaffee", "Surfside"): ["On time"],
            ("Cosmo Kaffee", "Vibe"): ["Stale"],
        }  # fmt: skip
        shown = {metric.label: metric.value for metric in app.metric}
        assert shown["Sources on time"] == "7 of 9"
        assert shown["Rows rejected"] == "18"
        assert "paidmedia release DELIVERY" in texts(app)
        client = texts(opened("data_freshness", viewer=people.CARL))
        assert words.CLIENT.held_note in client
        assert (table["Rows read"] == table["Accepted"] + table["Rejected"] + table["Total rows dropped"]).all()
    finally:
        marts_tables.create(marts)
        marts_tables.fill(marts)


def test_before_the_first_build_the_app_names_the_command_to_those_who_can_run_it(marts: Engine) -> None:
    with marts.begin() as connection:
        connection.execute(text("drop schema marts cascade"))
    try:
        client = texts(opened(viewer=people.CARL))
        assert "There are no numbers yet" in client
        assert "paidmedia" not in client
        app = opened()
        assert "There are no marts yet" in texts(app)
        assert "make run" in texts(app)
        assert "paidmedia build" in texts(app)
        marts_tables.create(marts)
        app.run()
        assert "Nothing has been delivered yet" in texts(app)
        assert "paidmedia load surfside" in texts(app)
    finally:
        marts_tables.create(marts)
        marts_tables.fill(marts)


def test_a_database_that_is_away_is_one_message_without_a_traceback(
    marts: Engine, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    app = opened()
    with monkeypatch.context() as away:
        away.setenv("DATABASE_URL", f"postgresql://nobody:secret@127.0.0.1:{unused_port}/nowhere")
        app.run()
        database.engine().dispose()
        assert not app.exception
        assert [error.value for error in app.error] == ["**The database cannot be reached**"]
        assert "DATABASE" in texts(app)
        assert "secret" not in texts(app)
    app.run()
    assert not app.error
    assert cards(app)


def test_every_page_with_numbers_offers_every_format_and_notes_who_takes_one(marts: Engine) -> None:
    for page in ("overview", "performance", "summaries"):
        app = opened(page, viewer=people.CARL, period="last_7_days")
        offered = {button.label: button for button in app.get("download_button")}
        assert list(offered) == [each.label for each in FORMATS]
