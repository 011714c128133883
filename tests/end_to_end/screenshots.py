"""`make screenshots`: docs/images from the data of the last `make run`, every page, light and dark."""

import os
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.end_to_end import chromium, door
from tests.end_to_end.servers import app_server
from warehouse.settings import PROJECT_ROOT, get_settings

IMAGES = PROJECT_ROOT / "docs" / "images"
# Name of the image → address and height of the page.
PAGES = {
    "overview": ("overview", 1180),
    "performance": ("performance", 1180),
    "summaries": ("summaries", 1180),
    "data_freshness": ("data_freshness", 780),
    "data_attempts": ("data_freshness?show=attempts", 780),
    "upload": ("upload", 780),
    "admin": ("admin", 1180),
    "admin_rates": ("admin?admin=rates", 780),
    "admin_people": ("admin?admin=people", 1180),
    "account": ("account", 780),
}
MOMENT_MS = 2_500  # charts and tables fade in after the page says that it is done


def main() -> int:
    """Write the images; 1 where there is no browser."""
    browser_path = chromium.find()
    if browser_path is None:
        print(f"No Chromium: {chromium.ADVICE}.")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with app_server(os.environ) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(chromium.ARGUMENTS))
        for scheme, suffix in (("light", ""), ("dark", "-dark")):
            page = browser.new_context(color_scheme=scheme).new_page()
            take_door(page, url, IMAGES / f"door{suffix}.png")
            door.log_in(page, url, get_settings().paidmedia_home, door.ADMIN)
            for name, (address, height) in PAGES.items():
                take(page, f"{url}/{address}", height, IMAGES / f"{name}{suffix}.png")
        browser.close()
    return 0


def take_door(page: Page, url: str, target: Path) -> None:
    """The door, before anybody has come in."""
    page.set_viewport_size({"width": 1440, "height": 780})
    page.goto(url)
    expect(page.get_by_label("E-mail")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(MOMENT_MS)
    page.screenshot(path=target)
    print(target.relative_to(PROJECT_ROOT))


def take(page: Page, url: str, height: int, target: Path) -> None:
    """One page, when it has come to rest."""
    page.set_viewport_size({"width": 1440, "height": height})
    page.goto(url)
    expect(page.get_by_test_id("stHeading").first).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(MOMENT_MS)
    page.screenshot(path=target)
    print(target.relative_to(PROJECT_ROOT))


if __name__ == "__main__":
    sys.exit(main())
