"""Random filters over the data of a run: cards = totals of the table = export = SQL on the marts = the plan's truth.

scope → the app's queries, a report written and read back, plain SQL │ the plan's rows, priced and summed with Decimal
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from sandbox import people, world
from sandbox.truth import Totals, Truth, rounded
from serving import format as shown_as
from serving import queries
from serving.metrics import MEASURES, METRICS
from serving.periods import Period
from serving.reports import contents, to_json
from serving.scope import CHOSEN_LEVELS, LEVELS, Scope
from serving.viewer import Viewer, viewer_of
from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.door import ANALYST
from tests.sizes import cases, report
from warehouse.access import accounts
from warehouse.postgres import database
from warehouse.settings import PROJECT_ROOT, get_settings

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.heavy, pytest.mark.torture]

COUNT = cases(250, 10_000)
SHOWN = 4  # scopes that are also opened as a page
MAIN = PROJECT_ROOT / "streamlit_app" / "main.py"
Key = tuple[str, str, date, str, str, str, str]
Names = dict[str, dict[str, tuple[str, ...]]]


@dataclass(frozen=True)
class World:
    """The plan's truth by client, source, day and the names down to the creative, and somebody who sees all of it."""

    facts: dict[Key, Totals]
    currencies: dict[str, tuple[str, ...]]
    first: date
    last: date
    viewer: Viewer
    token: str


@pytest.fixture(scope="module")
def known(finished_run: FinishedRun) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAIDMEDIA_HOME", str(finished_run.home))
        patch.delenv("DATABASE_URL", raising=False)
        settings = get_settings()
        plan = world.remembered_plan(settings)
        with database.session() as current:
            token = accounts.log_in(current, ANALYST, people.remembered(settings)[ANALYST])
            assert token is not None
            person = accounts.person(current, token)
            assert person is not None
        currencies: dict[str, tuple[str, ...]] = {}
        for client in plan.clients:
            currencies[client.currency] = (*currencies.get(client.currency, ()), client.client_id)
        facts = Truth(plan).by_path()
        yield World(facts, currencies, plan.first_day, plan.last_day, viewer_of(person), token)  # type: ignore[arg-type]
        st.cache_data.clear()
        database.app_engine().dispose()


def scopes(known: World, count: int) -> Iterator[tuple[Random, Scope]]:
    """Random filters: clients of one currency, sources, days, and some of the entities that the filters above leave."""
    reading = queries.reading(known.viewer)
    assert reading is not None
    for number in range(count):
        random = Random(number)
        currency = random.choice(sorted(known.currencies))
        clients = known.currencies[currency]
        chosen = tuple(random.sample(clients, random.randint(1, len(clients))))
        sources = tuple(random.sample(("facebook", "surfside", "vibe"), random.randint(1, 3)))
        days = (known.last - known.first).days
        start = known.first + timedelta(days=random.randint(0, days))
        period = Period(start, start + timedelta(days=random.randint(0, (known.last - start).days)))
        scope = Scope(reading, chosen, currency, period, None, sources)
        for level in CHOSEN_LEVELS:
            within = (scope.campaign_ids, scope.strategy_ids)
            rows = queries.choices(reading, level, tuple(sorted(chosen)), tuple(sorted(sources)), within, (), 2_000)
            possible = [row["id"] for row in rows]
            some = random.sample(possible, min(len(possible), random.choice((0, 0, 1, 2, 5))))
            scope = replace(scope, **{f"{level}_ids": tuple(sorted(some))})
        yield random, scope


def names_of_entities() -> Names:
    """Of every campaign, strategy and creative its client, its source and the names down to it, by level and id."""
    found: Names = {}
    with database.session() as current:
        for level in CHOSEN_LEVELS:
            down = ", ".join(f"{name}_name" for name in LEVELS[: LEVELS.index(level) + 1])
            rows = current.execute(
                text(f"select distinct {level}_id, client_id, source, {down} from marts.daily_metrics")
            )
            found[level] = {row[0]: tuple(row[1:]) for row in rows}
    return found


def truth(known: World, scope: Scope, names: Names) -> dict[str, Any]:
    """The nine numbers of the plan, rounded as they are shown; all None without rows."""
    wanted = [{names[level][each] for each in ids} for level, ids in scope.narrowed.items()]
    found = [
        totals
        for (client_id, source, day, *path), totals in known.facts.items()
        if client_id in scope.client_ids
        and source in scope.sources
        and scope.period.start <= day <= scope.period.end
        and all(any((client_id, source, *path)[: len(each)] == each for each in some) for some in wanted)
    ]
    sums: dict[str, Decimal | None] = {}
    for name in MEASURES:
        values = [Decimal(getattr(each, name)) for each in found if getattr(each, name) is not None]
        sums[name] = sum(values, Decimal(0)) if values else None

    def ratio(above: str, below: str, times: int) -> Decimal | None:
        return None if sums[above] is None or not sums[below] else sums[above] * times / sums[below]  # type: ignore[operator]

    sums |= {
        "ctr": ratio("clicks", "impressions", 100), "cpc": ratio("spend", "clicks", 1),
        "cpa": ratio("spend", "conversions", 1), "roas": ratio("conversion_revenue", "spend", 100),
    }  # fmt: skip
    return {name: rounded(name, sums[name]) for name in METRICS}


def of_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: rounded(name, shown_as.rounded(metric, row[name])) for name, metric in METRICS.items()}


SQL = """
    select
        sum(impressions) as impressions, sum(clicks) as clicks, sum(conversions) as conversions,
        sum(conversion_revenue) as conversion_revenue, sum(spend) as spend,
        sum(clicks) * 100.0 / nullif(sum(impressions), 0) as ctr, sum(spend) / nullif(sum(clicks), 0) as cpc,
        sum(spend) / nullif(sum(conversions), 0) as cpa, sum(conversion_revenue) * 100 / nullif(sum(spend), 0) as roas
    from marts.daily_metrics
    where
        client_id = any(:clients) and source = any(:sources) and date between :start and :end
        and (:every_campaign or campaign_id = any(:campaigns))
        and (:every_strategy or strategy_id = any(:strategies))
        and (:every_creative or creative_id = any(:creatives))
"""


def by_sql(scope: Scope) -> dict[str, Any]:
    with database.session() as current:
        row = current.execute(
            text(SQL),
            {
                "clients": list(scope.client_ids), "sources": list(scope.sources), "start": scope.period.start,
                "end": scope.period.end, "every_campaign": not scope.campaign_ids,
                "campaigns": list(scope.campaign_ids), "every_strategy": not scope.strategy_ids,
                "strategies": list(scope.strategy_ids), "every_creative": not scope.creative_ids,
                "creatives": list(scope.creative_ids),
            },
        ).one()  # fmt: skip
    return of_row(dict(row._mapping))


def test_every_place_says_the_number_of_the_plan(known: World) -> None:
    names = names_of_entities()
    empty = 0
    for number, (random, scope) in enumerate(scopes(known, COUNT)):
        expected = truth(known, scope, names)
        told = f"filter {number}: {scope}"
        assert of_row(queries.totals(scope)) == expected, told
        assert by_sql(scope) == expected, told
        made = contents.report(scope, level=random.choice(LEVELS), ranked_by=random.choice(list(METRICS)))
        read = json.loads(to_json.write(made), parse_float=Decimal, parse_int=Decimal)
        for exported in (read["metrics"], read["table"]["total"]):
            assert {name: rounded(name, exported[name]) for name in METRICS} == expected, told
        for table in (read["days"], read["table"]["rows"]):
            for name in ("impressions", "clicks", "conversions"):
                counts = [row[name] for row in table if row[name] is not None]
                assert (sum(counts) if counts else None) == expected[name], told
        empty += expected["impressions"] is None
    assert empty < COUNT // 4
    report("random filters: cards = table = export = SQL = truth", COUNT, without_rows=empty)


def test_the_cards_of_a_page_say_it_too(known: World) -> None:
    opened = 0
    for _, scope in scopes(known, COUNT):
        current = queries.totals(scope)
        if current["impressions"] is None or opened == SHOWN:
            continue
        opened += 1
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        app.session_state["token"] = known.token
        chosen = {level: list(ids) for level, ids in scope.narrowed.items()}
        app.query_params.update(
            {"client": list(scope.client_ids), "source": list(scope.sources), **chosen, "period": "custom",
             "from": str(scope.period.start), "to": str(scope.period.end)}
        )  # fmt: skip
        app.run()
        assert not app.exception
        cards = {metric.label: metric.value for metric in app.metric}
        assert cards == {
            metric.label: shown_as.shown(metric, current[name], scope.currency) for name, metric in METRICS.items()
        }
    assert opened == SHOWN
