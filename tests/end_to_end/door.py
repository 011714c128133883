"""Come in through the door of the app as one of the made-up agency's people."""

from pathlib import Path

from playwright.sync_api import Page, expect

from sandbox import people
from warehouse.settings import Settings

ADMIN, ANALYST = "admin@agency.example", "analyst@agency.example"


def log_in(page: Page, url: str, home: Path, email: str = ANALYST) -> None:
    """Log in at an address of the app; the browser has its cookie then."""
    page.goto(url)
    page.get_by_label("E-mail").fill(email, timeout=60_000)
    page.get_by_label("Password", exact=True).fill(people.remembered(Settings(paidmedia_home=home))[email])
    with page.expect_response("**/session", timeout=30_000) as answer:
        page.get_by_role("button", name="Log in").click()
    assert answer.value.status == 204
    expect(page.locator(".st-key-door")).to_have_count(0, timeout=30_000)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page is drawn: what is done to a page that is being drawn anew may be lost."""
    page.wait_for_timeout(300)  # until a click has reached the server
    expect(page.locator("[data-test-script-state=running]")).to_have_count(0, timeout=60_000)


def client_of(home: Path) -> str:
    """The person of the one client that has one."""
    return next(email for email in people.remembered(Settings(paidmedia_home=home)) if "agency" not in email)
