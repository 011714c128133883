"""Every format of a report, downloaded by a browser and read back: its totals are those of the marts."""

from collections.abc import Iterator

import psycopg2
import psycopg2.extras
import pytest
from playwright.sync_api import Page, expect

from serving import format as shown_as
from serving.metrics import METRICS
from serving.reports import FORMATS
from tests.end_to_end import chromium
from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.door import ANALYST, log_in
from tests.end_to_end.servers import app_server
from tests.serving.report_readers import READERS, Values, pages_of_pdf

pytestmark = [*chromium.marks(), pytest.mark.heavy]

TOTALS = """
    select
        sum(impressions) as impressions, sum(clicks) as clicks, sum(conversions) as conversions,
        sum(conversion_revenue) as conversion_revenue, sum(spend) as spend,
        sum(clicks) * 100.0 / sum(impressions) as ctr, sum(spend) / sum(clicks) as cpc,
        sum(spend) / sum(conversions) as cpa, sum(conversion_revenue) * 100 / sum(spend) as roas
    from marts.daily_metrics
    where client_id = 'harbor-pine' and strategy_id = any(%s) and date between %s and %s
"""


@pytest.fixture(scope="module")
def app_url(finished_run: FinishedRun) -> Iterator[str]:
    with app_server(finished_run.environment) as url:
        yield url


def test_every_format_is_downloaded_with_the_totals_of_the_marts(
    page: Page, app_url: str, finished_run: FinishedRun
) -> None:
    with (
        psycopg2.connect(finished_run.database_url) as connection,
        connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor,
    ):
        cursor.execute("select max(date) - 20 as first, max(date) - 1 as last from marts.daily_metrics")
        days = cursor.fetchone()
        cursor.execute(
            "select distinct strategy_id from marts.dim_strategies where client_id = 'harbor-pine' order by 1"
        )
        strategies = [row["strategy_id"] for row in cursor.fetchall()][1:]
        cursor.execute(TOTALS, (strategies, days["first"], days["last"]))
        sums = cursor.fetchone()
    expected: Values = {name: shown_as.rounded(metric, sums[name]) for name, metric in METRICS.items()}

    chosen = "&".join(f"strategy={each}" for each in strategies)
    address = f"client=harbor-pine&period=custom&from={days['first']}&to={days['last']}&level=creative&{chosen}"
    log_in(page, f"{app_url}/performance?{address}", finished_run.home)
    expect(page.locator(".st-key-totals")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Export").click()
    for each in FORMATS:
        with page.expect_download(timeout=60_000) as download:
            page.get_by_role("button", name=each.label, exact=True).click()
        assert download.value.suggested_filename == f"harbor-pine_{days['first']}_{days['last']}.{each.extension}"
        data = download.value.path().read_bytes()
        if each.extension == "pdf":
            first_page = pages_of_pdf(data)[0]
            for name, metric in METRICS.items():
                assert shown_as.shown(metric, expected[name], "USD") in first_page
        else:
            rows, total = READERS[each.extension](data)
            assert total == expected, each.label
            assert sum(row["impressions"] or 0 for row in rows) == expected["impressions"], each.label

    with psycopg2.connect(finished_run.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("select actor, new_values ->> 'format' from control.audit_log where action = 'export'")
        assert cursor.fetchall() == [(ANALYST, each.extension) for each in FORMATS]
