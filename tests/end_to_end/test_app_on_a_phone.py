"""Every page on a screen of 390 pixels: it opens without an error, and only what lies in a box of its own scrolls."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end import chromium
from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.door import ADMIN, log_in
from tests.end_to_end.servers import app_server

pytestmark = [*chromium.marks(), pytest.mark.heavy]

PHONE = 390
TROUBLE = "[data-testid=stException], .st-key-failure, .st-key-empty"
PAGES = (
    "", "performance", "performance?level=creative", "summaries", "summaries?grain=month",
    *(f"data_freshness?show={part}" for part in ("freshness", "failures", "attempts", "rejects", "restatements")),
    "upload", *(f"admin?admin={part}" for part in ("clients", "rates", "people", "log")), "account",
)  # fmt: skip

# The app scrolls in a box of its own, so the document alone says nothing. What lies in a box that scrolls may be wider.
TOO_WIDE = """
    () => {
        const wide = [];
        const root = document.documentElement;
        if (root.scrollWidth > root.clientWidth) wide.push(`document: ${root.scrollWidth}`);
        const main = document.querySelector('[data-testid=stMain]');
        if (main.scrollWidth > main.clientWidth) wide.push(`page: ${main.scrollWidth}`);
        const scrolls = (element) => {
            for (let box = element.parentElement; box && box !== main; box = box.parentElement) {
                if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(box).overflowX)) return true;
            }
            return false;
        };
        for (const element of main.querySelectorAll('*')) {
            const box = element.getBoundingClientRect();
            if (box.width && box.right > innerWidth + 1 && !scrolls(element)) {
                const name = element.dataset.testid ?? element.className;
                wide.push(`${element.tagName} ${name}: ${Math.round(box.right)}`);
            }
        }
        for (const choice of main.querySelectorAll('[data-testid=stButtonGroup] > div')) {
            if (choice.scrollWidth > choice.clientWidth) wide.push(`a choice: ${choice.innerText}`);
        }
        return wide;
    }
"""


@pytest.fixture(scope="module")
def app_url(finished_run: FinishedRun) -> Iterator[str]:
    with app_server(finished_run.environment) as url:
        yield url


def test_every_page_opens_well_and_is_no_wider_than_a_phone(
    page: Page, app_url: str, finished_run: FinishedRun
) -> None:
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.goto(app_url)
    expect(page.get_by_label("E-mail")).to_be_visible(timeout=60_000)
    found = {"door": page.evaluate(TOO_WIDE)}
    log_in(page, app_url, finished_run.home, ADMIN)
    for path in PAGES:
        page.goto(f"{app_url}/{path}")
        expect(page.get_by_test_id("stHeading").first).to_be_visible(timeout=60_000)
        expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)
        expect(page.locator(TROUBLE)).to_have_count(0)
        found[path] = page.evaluate(TOO_WIDE)
    assert {path: wide for path, wide in found.items() if wide} == {}
