"""The app in a real browser, on the data of a run: a KPI card shows what the marts hold."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from urllib.error import URLError

import psycopg2
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.end_to_end import chromium
from tests.end_to_end.conftest import FinishedRun
from warehouse.settings import PROJECT_ROOT

BROWSER = chromium.find()
pytestmark = [
    pytest.mark.xdist_group("end_to_end"),
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None and not os.environ.get("CI"), reason=f"there is no Chromium: {chromium.ADVICE}"),
]


@pytest.fixture(scope="module")
def app_url(finished_run: FinishedRun) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app/main.py", "--server.port", str(port),
               "--server.address", "127.0.0.1", "--server.headless", "true"]  # fmt: skip
    process = subprocess.Popen(
        command, env=finished_run.environment, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(f"{url}/_stcore/health")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def wait_until_healthy(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                assert answer.status == 200
                return
        except (URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


@pytest.fixture
def page(app_url: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=list(chromium.ARGUMENTS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(app_url)
        yield page
        browser.close()


def test_the_impressions_card_shows_what_the_marts_hold(page: Page, finished_run: FinishedRun) -> None:
    card = page.locator(".st-key-kpi-impressions")
    expect(card).to_be_visible(timeout=30_000)
    shown = card.inner_text()
    url = finished_run.command("paidmedia", "db", "url").stdout.strip()
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select sum(impressions) from marts.daily_metrics")
        total = cursor.fetchone()[0]
    assert total > 0
    assert any(character.isdigit() for character in shown)
