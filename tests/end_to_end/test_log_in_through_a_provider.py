"""Log-in through a provider, in a browser: who was added comes in, nobody else, and nobody is remembered.

browser → the app's door → the sandbox's OpenID provider → back with a code → our own session
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Response, expect

from sandbox.oidc import OidcProvider, oidc_provider
from tests.end_to_end import chromium
from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.door import ANALYST
from tests.end_to_end.servers import app_server, free_port

pytestmark = [*chromium.marks(), pytest.mark.heavy]

SAM = "sam@provider.example"
LONG = [pytest.mark.long, pytest.mark.torture]  # tests/warehouse/test_single_sign_on.py: whom it refuses, and why
IDENTITY, SESSION = "_streamlit_user", "paidmedia_session"


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with oidc_provider(f"http://127.0.0.1:{free_port()}/oauth2callback") as running:
        yield running


@pytest.fixture(scope="module")
def app_url(finished_run: FinishedRun, provider: OidcProvider) -> Iterator[str]:
    """The app with the provider, and a person who has no password."""
    finished_run.command("paidmedia", "user", "add", SAM, "--role", "analyst", "--sso")
    environment = finished_run.environment | {
        "OIDC_METADATA_URL": provider.metadata_url, "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_CLIENT_SECRET": provider.client_secret, "OIDC_REDIRECT_URL": provider.redirect_url,
        "OIDC_LABEL": "Agency ID",
    }  # fmt: skip
    with app_server(environment, port=provider.redirect_url.split(":")[2].partition("/")[0]) as url:
        yield url


def to_the_provider(page: Page, url: str) -> None:
    """Open an address of the app, which is the door, and come back from the provider."""
    page.goto(url)
    with page.expect_response("**/oauth2callback*", timeout=60_000):
        page.get_by_role("button", name="Log in with Agency ID").click(timeout=60_000)


def is_inside(page: Page) -> None:
    expect(page.locator(".st-key-as-of")).to_be_visible(timeout=60_000)


def is_at_the_door(page: Page) -> None:
    expect(page.get_by_label("E-mail")).to_be_visible(timeout=60_000)


def keeps(page: Page, wanted: set[str]) -> bool:
    """Whether these cookies come to be all that say who somebody is: a script of the page asks for them."""
    for _ in range(60):
        names = {cookie["name"] for cookie in page.context.cookies()}
        if {name for name in names if name.startswith((IDENTITY, SESSION))} == wanted:
            return True
        page.wait_for_timeout(500)
    return False


def test_who_was_added_comes_in_where_they_wanted_and_a_reload_keeps_them_inside(
    page: Page, app_url: str, provider: OidcProvider
) -> None:
    provider.person = {"email": ANALYST, "email_verified": True}
    to_the_provider(page, f"{app_url}/performance?period=last_7_days")
    page.wait_for_url("**/performance?*period=last_7_days*", timeout=60_000)
    is_inside(page)
    assert keeps(page, {SESSION})
    page.reload()
    is_inside(page)


def test_after_the_log_out_neither_a_reload_nor_a_copied_cookie_of_the_provider_comes_in(
    page: Page, app_url: str, provider: OidcProvider
) -> None:
    provider.person = {"email": ANALYST, "email_verified": True}
    before, given = provider.log_ins, []

    def note(response: Response) -> None:
        if "/oauth2callback" in response.url:
            given.extend(each["value"].partition(";")[0] for each in response.headers_array()
                         if each["name"].lower() == "set-cookie")  # fmt: skip

    page.on("response", note)
    to_the_provider(page, app_url)
    is_inside(page)
    copies = [cookie.split("=", 1) for cookie in given if cookie.startswith(IDENTITY)]
    assert page.context.browser is not None
    thief = page.context.browser.new_context().new_page()
    thief.context.add_cookies([{"name": name, "value": value, "url": app_url} for name, value in copies])
    thief.goto(app_url)
    is_inside(thief)  # the copy is good: it is the same session, until that ends

    page.goto(f"{app_url}/account")
    page.get_by_role("button", name="Log out").click(timeout=60_000)
    is_at_the_door(page)
    page.reload()
    is_at_the_door(page)
    thief.context.clear_cookies(name=SESSION)
    thief.context.add_cookies([{"name": name, "value": value, "url": app_url} for name, value in copies])
    thief.goto(app_url)
    is_at_the_door(thief)
    assert provider.log_ins == before + 1


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ({"email": "eve@agency.example", "email_verified": True}, "nobody has added this address"),
        pytest.param({"email": ANALYST, "email_verified": False}, "has not verified that", marks=LONG),
        pytest.param({"preferred_username": ANALYST}, "does not tell your e-mail address", marks=LONG),
    ],
)
def test_whom_the_provider_vouches_for_in_vain_is_told_so_and_not_remembered(
    page: Page, app_url: str, provider: OidcProvider, person: dict[str, object], said: str
) -> None:
    provider.person = person
    with page.expect_response("**/session", timeout=60_000) as answer:
        to_the_provider(page, app_url)
    assert answer.value.status == 204
    expect(page.get_by_text(said)).to_be_visible(timeout=60_000)
    assert keeps(page, set())
    page.reload()
    is_at_the_door(page)
    expect(page.get_by_text(said)).to_have_count(0)


def test_an_id_token_that_the_provider_did_not_sign_opens_nothing(
    page: Page, app_url: str, provider: OidcProvider
) -> None:
    provider.person = {"email": ANALYST, "email_verified": True}
    with provider.forging():
        to_the_provider(page, app_url)
    is_at_the_door(page)
    assert keeps(page, set())


def test_who_is_disabled_is_out_within_a_minute_and_the_provider_does_not_help(
    page: Page, app_url: str, provider: OidcProvider, finished_run: FinishedRun
) -> None:
    provider.person = {"email": SAM}
    to_the_provider(page, app_url)
    is_inside(page)
    finished_run.command("paidmedia", "user", "disable", SAM)
    expect(page.get_by_label("E-mail")).to_be_visible(timeout=60_000)  # nobody has clicked
    to_the_provider(page, app_url)
    expect(page.get_by_text("the account is disabled")).to_be_visible(timeout=60_000)
    finished_run.command("paidmedia", "user", "enable", SAM)
