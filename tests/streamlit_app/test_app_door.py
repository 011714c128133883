"""The door of the app: nobody sees a number before they have logged in, and nobody once their session is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from streamlit.testing.v1 import AppTest
from test_app_pages import MAIN, cards, opened, texts

from serving import format as shown_as
from serving.viewer import Viewer
from streamlit_app.main import PAGES, pages_of
from tests.serving import people
from tests.serving.people import ADA, ANA, CARL, EVERYBODY, PASSWORD, PROVIDER
from warehouse.access import accounts, users
from warehouse.postgres import database


@pytest.fixture(autouse=True)
def _everybody_as_before(marts: Engine) -> Iterator[None]:
    """Each test starts with people who may come in."""
    yield
    with database.session() as current:
        people.may_come_in(current)


def at_the_door(path: Path = MAIN) -> AppTest:
    app = AppTest.from_file(str(path), default_timeout=60).run()
    assert not app.exception
    return app


def log_in(app: AppTest, email: str, password: str) -> AppTest:
    app.text_input(key="log-in-email").set_value(email)
    app.text_input(key="log-in-password").set_value(password)
    app.button[0].click().run()
    assert not app.exception
    return app


def test_the_door_shows_no_number_and_lets_in_with_the_right_password(marts: Engine) -> None:
    app = at_the_door()
    assert (list(app.metric), list(app.dataframe), list(app.multiselect)) == ([], [], [])
    assert "Acme" not in texts(app)
    log_in(app, ANA.name, "wrong password")
    assert [error.value for error in app.error] == [accounts.REFUSED]
    assert not cards(app)
    log_in(app, "  ANA@agency.example ", PASSWORD)
    assert app.title[0].value == "Overview"
    assert cards(app)


def test_wrong_passwords_lock_the_account_and_unknown_addresses_hear_the_same(marts: Engine) -> None:
    app = at_the_door()
    for _ in range(accounts.FAILURES):
        log_in(app, CARL.name, "a guess")
    log_in(app, CARL.name, PASSWORD)
    locked = [error.value for error in app.error]
    assert not cards(app)
    log_in(app, "nobody@nowhere.example", "a guess")
    assert [error.value for error in app.error] == locked == [accounts.REFUSED]


@pytest.mark.parametrize("viewer", EVERYBODY, ids=lambda viewer: viewer.role + viewer.name[0])
def test_every_page_opens_for_every_role_with_the_own_clients_only(marts: Engine, viewer: Viewer) -> None:
    app, own = opened(viewer=viewer), {name for name, _, _ in pages_of(viewer)}
    names = {"acme": "Acme Outdoor", "bolt": "Bolt Energy", "cosmo": "Cosmo Kaffee"}
    for page, title in {name: title for name, title, _ in PAGES if name in own}.items():
        app.switch_page(f"views/{page}.py").run()
        assert not app.exception
        assert not app.error
        assert app.title[0].value == title
        chosen = [box.options for box in app.multiselect if box.key == "client"]
        for options in chosen:
            assert options == [
                name for slug, name in names.items() if viewer.client_ids is None or slug in viewer.client_ids
            ]
        if viewer.client_ids is not None:
            others = [name for slug, name in names.items() if slug not in viewer.client_ids]
            assert not any(name in texts(app) for name in others)
    for page in {name for name, _, _ in PAGES} - own:
        with pytest.raises(ValueError, match=page):  # it is not among the pages that there are
            opened(page, viewer=viewer)


def test_an_address_with_another_clients_slug_shows_the_own_numbers(marts: Engine) -> None:
    assert cards(opened(viewer=CARL, client="acme")) == cards(opened(viewer=CARL))
    assert cards(opened(viewer=CARL)) == cards(opened(client="bolt"))
    everybodys = opened("performance", client="acme")
    chooser = next(box for box in everybodys.selectbox if box.label == "Open a campaign")
    chooser.select_index(0).run()
    campaign = everybodys.query_params["open"]
    assert not cards(opened("performance", viewer=CARL, open=campaign))
    assert "Acme" not in texts(opened("performance", viewer=CARL, open=campaign))


def test_who_is_disabled_is_out_at_the_next_click(marts: Engine) -> None:
    app = opened(viewer=CARL)
    assert cards(app)
    with database.session() as current:
        users.set_active(current, CARL.name, active=False)
    app.run()
    assert not cards(app)
    assert "The session has ended" in texts(app)
    log_in(app, CARL.name, PASSWORD)
    assert not cards(app)


def test_half_an_hour_without_use_ends_the_session(marts: Engine) -> None:
    app = opened(viewer=CARL)
    with marts.begin() as connection:
        connection.execute(text("update control.user_sessions set last_seen_at = now() - interval '29 minutes'"))
    app.run()
    assert cards(app)
    with marts.begin() as connection:
        connection.execute(text("update control.user_sessions set last_seen_at = now() - interval '30 minutes'"))
    app.run()
    assert "The session has ended" in texts(app)


def test_a_given_password_has_to_be_changed_before_anything_is_shown(marts: Engine) -> None:
    with database.session() as current:
        given = users.reset_password(current, CARL.name)
    app = log_in(at_the_door(), CARL.name, given)
    assert not cards(app)
    for old, new, again, said in (
        (given, "short", "short", "fewer than 8"),
        (given, "long enough", "long enouhg", "differ"),
        ("not it", "long enough", "long enough", "present password"),
        (given, given, given, "is the old one"),
        (given, CARL.name, CARL.name, "e-mail address"),
    ):
        fill_in(app, "first-password", old, new, again)
        assert shown_as.escaped(said) in app.error[0].value
        assert not cards(app)
    fill_in(app, "first-password", given, "long enough", "long enough")
    assert cards(app)


def test_the_account_page_changes_the_password_and_logs_out(marts: Engine) -> None:
    app, elsewhere = opened("account", viewer=CARL), opened(viewer=CARL)
    assert "Clients: Bolt Energy" in texts(app)
    fill_in(app, "own-password", PASSWORD, "another one of mine", "another one of mine")
    assert "The password is changed" in app.success[0].value
    elsewhere.run()
    assert "The session has ended" in texts(elsewhere)
    app.button(key="log-out").click().run()
    assert not app.exception
    assert "You have logged out" in texts(app)
    assert log_in(app, CARL.name, "another one of mine").title[0].value == "Account"


def test_nothing_of_one_viewer_stays_for_the_next_in_the_same_tab(marts: Engine) -> None:
    app = opened(viewer=ADA, client="acme", period="last_7_days")
    app.switch_page("views/account.py").run()
    app.button(key="log-out").click().run()
    log_in(app, CARL.name, PASSWORD)
    app.switch_page("views/overview.py").run()
    assert cards(app) == cards(opened(viewer=CARL, period=app.selectbox(key="period").value))
    assert "Acme" not in texts(app)


def test_log_ins_and_refusals_are_in_the_audit_log(marts: Engine) -> None:
    app = at_the_door()
    log_in(app, CARL.name, "a guess")
    log_in(app, CARL.name, PASSWORD)
    with database.session() as current:
        query = "select actor, action, entity_id, new_values ->> 'why' from control.audit_log order by audit_id desc"
        rows = [tuple(row) for row in current.execute(text(f"{query} limit 2"))]
        said = current.scalar(text("select string_agg(entries::text, ' ') from control.audit_log as entries"))
    assert rows == [(CARL.name, "log in", CARL.name, None), (CARL.name, "refuse log in", CARL.name, "wrong password")]
    assert PASSWORD not in said
    assert "a guess" not in said


def test_a_provider_stands_beside_the_password_or_in_its_place(marts: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PROVIDER.items():
        monkeypatch.setenv(name, value)
    beside = at_the_door()
    assert [button.label for button in beside.button] == ["Log in", shown_as.escaped("Log in with Agency [ID]")]
    assert log_in(beside, CARL.name, PASSWORD).title[0].value == "Overview"
    monkeypatch.setenv("OIDC_ONLY", "true")
    alone = at_the_door()
    assert [button.label for button in alone.button] == [shown_as.escaped("Log in with Agency [ID]")]
    assert not list(alone.text_input)
    assert not list(opened("account", viewer=CARL).text_input)


def test_a_provider_that_is_set_up_in_part_closes_the_door_and_is_named_in_the_log(
    marts: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PAIDMEDIA_HOME", str(tmp_path))
    monkeypatch.setenv("OIDC_CLIENT_ID", "paid-media")
    assert "OIDC" not in texts(at_the_door())
    [log] = tmp_path.glob("logs/*.log")
    assert "set up in part: set OIDC_" in log.read_text()


def fill_in(app: AppTest, form: str, old: str, new: str, again: str) -> None:
    for field, value in (("old", old), ("new", new), ("again", again)):
        app.text_input(key=f"{form}-{field}").set_value(value)
    next(button for button in app.button if button.label == "Change password").click().run()
    assert not app.exception
