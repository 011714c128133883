"""What people change in the app reaches the marts by itself: Dagster's daemon sees it, loads, checks, builds.

browser → app → landing zone or rates → sensors → loads and builds → marts → the cards of the app
"""

import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psutil
import psycopg2
import pytest
from playwright.sync_api import Page, expect

from sandbox.truth import round_half_up
from tests.end_to_end import chromium
from tests.end_to_end.conftest import COPIES, FinishedRun
from tests.end_to_end.door import ADMIN, log_in, settle
from tests.end_to_end.servers import everything

pytestmark = [
    pytest.mark.xdist_group(COPIES),
    pytest.mark.heavy,
    pytest.mark.timeout(1_800),  # two sensors, a load and a build, on a machine that runs other tests beside it
]

DAY = date(2025, 6, 1)
EXPORT = "Day,Campaign name,Ad set name,Ad name,Impressions,Link clicks\n" + "".join(
    f"{DAY + timedelta(days=number)},Summer,Gardeners,Hoe,{4_000 + number},7\n" for number in range(5)
)
IMPRESSIONS = sum(4_000 + number for number in range(5))
PATIENCE_SECONDS = 800
LAST_DAY = """
    select client_id, client_name, date, sum(impressions) from marts.daily_campaign_metrics
    where currency = 'USD' group by 1, 2, 3 order by date desc, client_id limit 1
"""


@dataclass(frozen=True)
class Served:
    """Everything that `make serve` starts: its process, the URL of each server by name, and what it prints."""

    process: "subprocess.Popen[bytes]"
    urls: Mapping[str, str]
    output: Path


@pytest.fixture(scope="module")
def served(copied_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """All of it, answering, on a copy of the run with one more client."""
    done = copied_run.command(
        "paidmedia", "client", "add", "hoes", "--name", "Hoes & Co", "--cpm", "10", "--currency", "USD",
        "--from", "2025-01-01",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    output = tmp_path_factory.mktemp("serve") / "serve.log"
    with everything(copied_run.environment, output) as (process, urls):
        yield Served(process, urls, output)


def cards_become(page: Page, wanted: dict[tuple[str, str], str]) -> None:
    """Open overviews now and then until each card, by address and metric, says what is wanted."""
    deadline, shown = time.monotonic() + PATIENCE_SECONDS, dict[tuple[str, str], str]()
    while shown != wanted:
        assert time.monotonic() < deadline, f"{shown}, not {wanted}"
        page.goto("about:blank")  # a page that is open draws, and a test that waits needs no processor
        page.wait_for_timeout(15_000)
        for address in sorted({address for address, _ in wanted}):
            page.goto(address)
            expect(page.locator("[data-testid=stMetricValue], .st-key-nothing").first).to_be_visible(timeout=60_000)
            settle(page)
            for metric in [metric for where, metric in wanted if where == address]:
                card = page.locator(f".st-key-kpi-{metric} [data-testid=stMetricValue]")
                shown[address, metric] = card.inner_text() if card.count() else ""


def choose(page: Page, label: str, option: str) -> None:
    """Pick an option of a select box."""
    box = page.get_by_role("combobox", name=label).first
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option).first.click()
    settle(page)


@pytest.mark.browser
@chromium.needed()
def test_an_upload_and_a_rate_are_shown_before_they_are_sent_and_reach_the_cards_by_themselves(
    page: Page, served: Served, copied_run: FinishedRun, tmp_path: Path
) -> None:
    app = served.urls["streamlit"]
    spend_card, spend = enter_a_rate(page, app, copied_run)
    (tmp_path / "hoes.csv").write_text(EXPORT)
    page.goto(f"{app}/upload")
    choose(page, "Client", "Hoes & Co")
    page.locator("input[type=file]").set_input_files(tmp_path / "hoes.csv")
    preview = page.locator(".st-key-preview")
    expect(preview).to_contain_text("5 days, 1 – 5 Jun 2025", timeout=60_000)
    expect(preview).to_contain_text(f"{IMPRESSIONS:,}")
    page.get_by_role("button", name="Upload for Hoes & Co").click()
    expect(page.get_by_text("hoes.csv is on its way").first).to_be_visible(timeout=60_000)
    uploaded = f"{app}/?client=hoes&period=all&compare=none"
    cards_become(page, {
        (uploaded, "impressions"): f"{IMPRESSIONS:,}",
        (uploaded, "spend"): "200.10 USD",
        (spend_card, "spend"): spend,
    })  # fmt: skip


def enter_a_rate(page: Page, app: str, copied_run: FinishedRun) -> tuple[str, str]:
    """Log in as an administrator and enter a rate for a client's last day: the day's overview, and its new spend."""
    with psycopg2.connect(copied_run.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(LAST_DAY)
        slug, name, day, impressions = cursor.fetchone()
    log_in(page, f"{app}/admin?admin=rates", copied_run.home, ADMIN)
    choose(page, "Client", name)
    expect(page.locator(f".st-key-rates-of-{slug}")).to_be_visible(timeout=30_000)  # the other client's form is gone
    page.get_by_role("group", name="From").get_by_role("spinbutton").first.click()
    page.keyboard.type(f"{day:%Y%m%d}")
    page.keyboard.press("Escape")
    page.get_by_label("CPM", exact=True).fill("20")
    page.get_by_label("CPM", exact=True).press("Enter")
    page.get_by_role("button", name="Enter this rate").click(timeout=60_000)
    expect(page.get_by_text(f"CPM 20 from {day}").first).to_be_visible(timeout=60_000)
    spend = round_half_up(Decimal(impressions) * 20 / 1_000, 2)
    return f"{app}/?client={slug}&period=custom&from={day}&to={day}&compare=none", f"{spend:,} USD"


def test_the_four_servers_answer_and_stop_together(served: Served) -> None:
    """The last one: it ends what the others use."""
    with urllib.request.urlopen(served.urls["docs"]) as answer:
        assert b"dbt" in answer.read(100_000)
    with urllib.request.urlopen(f"{served.urls['metrics']}/metrics") as answer:
        assert b"paidmedia_database_up 1.0" in answer.read()
    with urllib.request.urlopen(f"{served.urls['streamlit']}/metrics") as answer:
        assert b"paidmedia_query_seconds_bucket" in answer.read()
    family = psutil.Process(served.process.pid).children(recursive=True)
    served.process.terminate()
    served.process.wait(90)
    assert served.process.returncode == 0, served.output.read_text()
    _, left = psutil.wait_procs(family, timeout=300)  # a run that was launched goes on to its end
    assert [each.name() for each in left if each.status() != psutil.STATUS_ZOMBIE] == []
