"""The app in a real browser, on the data of a run: a KPI card shows what the marts hold."""

import os
from collections.abc import Iterator

import psycopg2
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from sandbox.truth import round_half_up
from tests.end_to_end import chromium
from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.servers import app_server

BROWSER = chromium.find()
pytestmark = [
    pytest.mark.xdist_group("end_to_end"),
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None and not os.environ.get("CI"), reason=f"there is no Chromium: {chromium.ADVICE}"),
]


@pytest.fixture(scope="module")
def app_url(finished_run: FinishedRun) -> Iterator[str]:
    with app_server(finished_run.environment) as url:
        yield url


@pytest.fixture
def page(app_url: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=list(chromium.ARGUMENTS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(app_url)
        yield page
        browser.close()


KPIS = """
    select sum(impressions), sum(clicks), sum(spend), sum(clicks) * 100.0 / sum(impressions)
    from marts.daily_metrics
    where client_id = 'harbor-pine' and date between %s and %s
"""


def test_the_cards_show_what_the_marts_hold(page: Page, app_url: str, finished_run: FinishedRun) -> None:
    with psycopg2.connect(finished_run.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("select max(date) - 20, max(date) - 1 from marts.daily_metrics")
        first, last = cursor.fetchone()
        cursor.execute(KPIS, (first, last))
        impressions, clicks, spend, ctr = cursor.fetchone()
    page.goto(f"{app_url}/?client=harbor-pine&period=custom&from={first}&to={last}")
    for name, value in {
        "impressions": f"{impressions:,}",
        "clicks": f"{clicks:,}",
        "spend": f"{round_half_up(spend, 2):,} USD",
        "ctr": f"{round_half_up(ctr, 6)} %",
    }.items():
        card = page.locator(f".st-key-kpi-{name} [data-testid=stMetricValue]")
        expect(card).to_have_text(value, timeout=30_000)


@pytest.mark.parametrize("path", ["", "performance", "summaries", "data_freshness"])
def test_every_page_opens_without_an_error(page: Page, app_url: str, path: str) -> None:
    page.goto(f"{app_url}/{path}")
    expect(page.locator(".st-key-as-of")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-testid=stException], .st-key-failure, .st-key-empty")).to_have_count(0)
