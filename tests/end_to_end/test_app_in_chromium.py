"""The app in a real browser, on the data of a run: cards show what the marts hold, who is not let in sees nothing."""

from collections.abc import Iterator

import httpx
import psycopg2
import pytest
from playwright.sync_api import Page, expect

from sandbox.truth import round_half_up
from tests.end_to_end import chromium
from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.door import client_of, log_in
from tests.end_to_end.servers import app_server

pytestmark = chromium.marks()


@pytest.fixture(scope="module")
def app_url(finished_run: FinishedRun) -> Iterator[str]:
    with app_server(finished_run.environment) as url:
        yield url


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
    log_in(page, f"{app_url}/?client=harbor-pine&period=custom&from={first}&to={last}", finished_run.home)
    for name, value in {
        "impressions": f"{impressions:,}",
        "clicks": f"{clicks:,}",
        "spend": f"{round_half_up(spend, 2):,} USD",
        "ctr": f"{round_half_up(ctr, 6)} %",
    }.items():
        card = page.locator(f".st-key-kpi-{name} [data-testid=stMetricValue]")
        expect(card).to_have_text(value, timeout=30_000)


@pytest.mark.heavy
def test_a_page_looks_for_its_server_at_the_root_only(page: Page, app_url: str, finished_run: FinishedRun) -> None:
    log_in(page, f"{app_url}/account", finished_run.home)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(f"{app_url}/performance")
    expect(page.locator(".st-key-as-of")).to_be_visible(timeout=30_000)
    looked_at = {url.partition("/_stcore/")[0] for url in asked if "/_stcore/" in url}
    assert looked_at == {app_url, app_url.replace("http", "ws", 1)}


@pytest.mark.heavy
def test_a_log_in_and_a_filter_survive_a_reload_and_a_new_tab(
    page: Page, app_url: str, finished_run: FinishedRun
) -> None:
    log_in(page, f"{app_url}/?period=last_7_days&source=vibe", finished_run.home)
    card = page.locator(".st-key-kpi-spend [data-testid=stMetricValue]")
    spend = card.inner_text(timeout=30_000)
    page.reload()
    expect(card).to_have_text(spend, timeout=30_000)
    assert "source=vibe" in page.url
    [cookie] = [each for each in page.context.cookies() if each["name"] == "paidmedia_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert page.evaluate("document.cookie").find("paidmedia_session") == -1
    other = page.context.new_page()
    other.goto(f"{app_url}/account")
    other.get_by_role("button", name="Log out").click(timeout=30_000)
    expect(other.get_by_label("E-mail")).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.get_by_label("E-mail")).to_be_visible(timeout=30_000)


def test_a_client_who_types_anothers_address_gets_nothing_of_theirs(
    page: Page, app_url: str, finished_run: FinishedRun
) -> None:
    with psycopg2.connect(finished_run.database_url) as connection, connection.cursor() as cursor:
        mine = client_of(finished_run.home).partition("@")[2].partition(".")[0]
        cursor.execute(
            "select client_id, client_name, campaign_id, campaign_name from marts.daily_campaign_metrics "
            "where client_id <> %s limit 1", (mine,),
        )  # fmt: skip
        other, name, campaign_id, campaign_name = cursor.fetchone()
    log_in(page, app_url, finished_run.home, client_of(finished_run.home))
    for path in ("", "performance", "summaries", "data_freshness"):
        page.goto(f"{app_url}/{path}?client={other}&campaign={campaign_id}&open=campaign:{campaign_id}")
        expect(page.locator(".st-key-as-of")).to_be_visible(timeout=30_000)
        expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0, timeout=30_000)
        shown = page.locator("body").inner_text()
        assert name not in shown
        assert campaign_name not in shown or campaign_name in names_of(finished_run, mine)


def names_of(run: FinishedRun, client_id: str) -> set[str]:
    """The campaigns of a client: two clients may have one of the same name."""
    with psycopg2.connect(run.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("select campaign_name from marts.dim_campaigns where client_id = %s", (client_id,))
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.heavy
def test_every_answer_has_the_headers_that_protect_it(app_url: str) -> None:
    for path in ("/", "/_stcore/health", "/session"):
        headers = httpx.get(f"{app_url}{path}").headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("frame-ancestors 'self'; img-src 'self' data: blob:;")


@pytest.mark.heavy
def test_a_ticket_is_taken_from_the_apps_own_pages_only(app_url: str) -> None:
    for body, headers in ((b"no ticket", {}), (b"", {}), (b"no ticket", {"Sec-Fetch-Site": "cross-site"})):
        answer = httpx.post(f"{app_url}/session", content=body, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
