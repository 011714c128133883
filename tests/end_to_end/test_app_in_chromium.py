"""The app in a real browser, on the data of a run: cards show what the marts hold, a download is the delivered file."""

import csv
import io
import shlex
from collections.abc import Iterator
from pathlib import Path

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
@pytest.mark.parametrize("path", ["", "performance", "summaries", "data_freshness", "account"])
def test_every_page_opens_without_an_error(page: Page, app_url: str, path: str, finished_run: FinishedRun) -> None:
    log_in(page, f"{app_url}/{path}", finished_run.home)
    expect(page.locator(".st-key-as-of, .st-key-account")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-testid=stException], .st-key-failure, .st-key-empty")).to_have_count(0)


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


EXPORT = """Day,Campaign name,Ad set name,Ad name,Impressions,Link clicks
""" + "".join(
    f"2025-06-01,Summer,Gardeners,{name},{impressions},3\n"
    for name, impressions in [("=Shears", "many"), *((f"Shears – {number}", "100") for number in range(24))]
)


@pytest.mark.heavy
def test_a_file_with_a_rejected_row_is_downloaded_corrected_and_loaded(
    page: Page, copied_run: FinishedRun, tmp_path: Path
) -> None:
    paidmedia = copied_run.command
    paidmedia("paidmedia", "client", "add", "shears", "--name", "Shears & Co", "--cpm", "10", "--currency", "USD",
              "--from", "2025-01-01")  # fmt: skip
    (tmp_path / "summer.csv").write_text(EXPORT)
    done = paidmedia("paidmedia", "upload", str(tmp_path / "summer.csv"), "--client", "shears", "--no-build")
    assert done.returncode == 0, done.stderr
    with app_server(copied_run.environment) as url:
        log_in(page, f"{url}/data_freshness?show=rejects&client=shears", copied_run.home)
        expect(page.get_by_test_id("stMetric").filter(has_text="Open failures")).to_be_visible(timeout=60_000)
        with page.expect_download() as whole:
            page.get_by_role("button", name="Whole file, rejected rows marked").click()
        with page.expect_download() as listed:
            page.get_by_role("button", name="List of rejected rows").click()
        advised = shlex.split(page.locator("[data-testid=stCode] code").inner_text())

    assert listed.value.suggested_filename == "summer-rejected.csv"
    assert cells(listed.value.path()) == [
        ["Row", "Column", "Value", "Rejected because"], ["2", "Impressions", "many", "not a number"]
    ]  # fmt: skip
    assert whole.value.suggested_filename == "summer-corrected.csv"
    delivered = list(csv.reader(io.StringIO(EXPORT)))
    marked = cells(whole.value.path())
    assert [row[:-2] for row in marked] == delivered
    assert [row[-2:] for row in marked[:3]] == [
        ["Rejected column", "Rejected because"], ["Impressions", "not a number"], ["", ""]
    ]  # fmt: skip

    corrected = tmp_path / whole.value.suggested_filename
    corrected.write_text(whole.value.path().read_text().replace("many", "100"))
    done = paidmedia(*(str(corrected) if word == corrected.name else word for word in advised), "--no-build")
    assert done.returncode == 0, done.stderr
    with psycopg2.connect(copied_run.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("select rows_read, rows_accepted, rows_rejected from control.ingestion_runs "
                       "where client_id = 'shears' order by started_at")  # fmt: skip
        assert cursor.fetchall() == [(25, 24, 1), (25, 25, 0)]


def cells(path: Path) -> list[list[str]]:
    """A downloaded CSV."""
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
