"""The Admin page: what administrators change there, what is refused, and that nobody else can."""

from decimal import Decimal

import psycopg2
import pytest
from sqlalchemy import Engine, text
from streamlit.testing.v1 import AppTest
from test_app_pages import opened, texts

from streamlit_app.admin import doing
from streamlit_app.main import pages_of
from tests.serving.people import ADA, ANA, CARL, PASSWORD, PROVIDER
from warehouse.access import accounts, users
from warehouse.clients import clients, credentials
from warehouse.control import lookup
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import get_settings


def admin(part: str = "clients") -> AppTest:
    return opened("admin", viewer=ADA, admin=part)


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def fill_in(app: AppTest, **fields: str) -> AppTest:
    for label, value in fields.items():
        words = label.replace("_", " ").casefold()
        next(field for field in app.text_input if field.label.casefold() == words).set_value(value)
    return app


def logged(action: str) -> list[tuple[object, ...]]:
    query = "select actor, entity, entity_id from control.audit_log where action = :action order by audit_id desc"
    with database.session() as current:
        return [tuple(row) for row in current.execute(text(query), {"action": action})]


def test_only_administrators_have_the_page_and_may_change_anything(marts: Engine) -> None:
    assert [("admin" in {name for name, _, _ in pages_of(viewer)}) for viewer in (ADA, ANA, CARL)] == [
        True,
        False,
        False,
    ]
    for viewer in (ANA, CARL):
        with pytest.raises(PaidMediaError, match="only administrators"), doing.asked_by(viewer):
            pass
        with pytest.raises(ValueError, match="admin"):
            opened("admin", viewer=viewer)


def test_a_client_is_added_changed_and_disabled_in_the_administrators_name(marts: Engine) -> None:
    app = fill_in(admin(), slug="delta", name="Delta Tea", cpm="7.25")
    press(app, "Add client")
    assert "Delta Tea" in list(app.dataframe[0].value["Name"])
    assert logged("add")[0] == (ADA.name, "client", "delta")
    app.selectbox(key="admin-client").set_value("delta").run()
    next(field for field in app.text_input if field.key == "name-of-delta").set_value("Acme Outdoor")
    press(app, "Rename")
    assert "Another client is named" in app.error[0].value
    next(field for field in app.text_input if field.key == "name-of-delta").set_value("Delta Teas")
    press(app, "Rename")
    assert "Delta Teas" in list(app.dataframe[0].value["Name"])
    next(box for box in app.selectbox if box.label == "Rule").set_value("surfside.campaign")
    press(fill_in(app, value="Always On"), "Set rule")
    assert "surfside.campaign = Always On" in list(app.dataframe[0].value["Rules"])
    press(app, "Disable Delta Teas")
    press(app, "Enable Delta Teas")
    with database.session() as current:
        assert lookup.get_client(current, "delta").is_active
    with database.session() as current:
        current.execute(text("delete from control.client_source_settings where client_id = 'delta'"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"slug": "acme", "name": "A", "cpm": "1"}, "is there already"),
        ({"slug": "No Slug", "name": "A", "cpm": "1"}, "is no slug"),
        ({"slug": "new", "name": "A", "cpm": "much"}, "is no number"),
        ({"slug": "new", "name": "A", "cpm": "1", "currency": "$"}, "is no currency"),
    ],
)
def test_a_client_that_cannot_be_is_refused_in_one_line(marts: Engine, fields: dict[str, str], said: str) -> None:
    app = press(fill_in(admin(), **fields), "Add client")
    assert len(app.error) == 1
    assert said in app.error[0].value.replace("\\", "")


def test_a_vibe_key_is_stored_encrypted_and_never_shown(marts: Engine) -> None:
    app = fill_in(admin(), vibe_advertiser_id="adv-7", vibe_api_key="a very secret key")
    press(app, "Store the Vibe account")
    assert "adv-7" in list(app.dataframe[0].value["Vibe account"])
    assert "a very secret key" not in texts(app) + str(app.dataframe[0].value)
    assert all(field.value != "a very secret key" for field in app.text_input)
    with database.session() as current:
        account = credentials.vibe_account(current, get_settings(), "acme")
        stored = current.scalar(text("select string_agg(v::text, '') from control.vibe_credentials as v"))
        trail = current.scalar(text("select string_agg(a::text, '') from control.audit_log as a"))
    assert account is not None
    assert account.api_key == "a very secret key"
    assert "a very secret key" not in stored + trail


def test_a_rate_is_entered_only_under_its_preview(marts: Engine) -> None:
    app = admin("rates")
    assert [button for button in app.button if button.key == "enter-rate"] == []
    app.text_input(key="cpm-acme").set_value("twelve").run()
    assert "is no number" in app.error[0].value
    app.text_input(key="cpm-acme").set_value("12.75").run()
    app.button(key="enter-rate").click().run()
    assert not app.exception
    assert "12.7500 USD" in list(app.dataframe[-1].value["CPM"])
    with database.session() as current:
        assert clients.cpm_history(current, "acme")[-1].cpm == Decimal("12.75")
        assert clients.cpm_history(current, "acme")[-1].created_by == ADA.name


def test_a_persons_password_is_shown_once(marts: Engine) -> None:
    app = admin("people")
    app.segmented_control(key="new-role").set_value("analyst").run()
    next(field for field in app.text_input if field.label == "E-mail").set_value("ben@agency.example")
    press(app, "Add person")
    given = app.code[0].value
    with database.session() as current:
        assert accounts.log_in(current, "ben@agency.example", given) is not None
    app.run()
    assert list(app.code) == []
    app.selectbox(key="admin-person").set_value("ben@agency.example").run()
    app.button(key="reset-password").click().run()
    assert app.code[0].value != given
    app.button(key="toggle-person").click().run()
    with database.session() as current:
        assert not users.get_user(current, "ben@agency.example").is_active
    assert logged("disable")[0] == (ADA.name, "user", "ben@agency.example")


def test_where_only_the_provider_lets_in_nobody_is_given_a_password(
    marts: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in PROVIDER.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OIDC_ONLY", "true")
    app = admin("people")
    app.segmented_control(key="new-role").set_value("analyst").run()
    next(field for field in app.text_input if field.label == "E-mail").set_value("kim@agency.example")
    press(app, "Add person")
    assert list(app.code) == []
    with database.session() as current:
        assert users.get_user(current, "kim@agency.example").password_hash is None


def test_the_last_administrator_is_not_disabled(marts: Engine) -> None:
    app = admin("people")
    app.selectbox(key="admin-person").set_value(ADA.name).run()
    app.button(key="toggle-person").click().run()
    assert "is the last administrator" in app.error[0].value


@pytest.mark.parametrize(("whose", "sees"), [("bolt", ["bolt"]), ("", ["acme", "bolt", "cosmo"])])
def test_a_bi_login_is_made_read_with_and_removed(marts: Engine, whose: str, sees: list[str]) -> None:
    app = admin("people")
    app.selectbox(key="bi-client").set_value(whose).run()
    app.button(key="add-bi-login").click().run()
    url = app.code[0].value
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("select distinct client_id from daily_metrics order by 1")
        assert [slug for (slug,) in cursor.fetchall()] == sees
    connection.close()
    app.run()
    assert url not in texts(app)
    app.button(key="remove-bi-login").click().run()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)


def test_the_log_tells_who_did_what(marts: Engine) -> None:
    table = admin("log").dataframe[0].value
    assert (table["Action"][0], table["Which"][0]) == ("log in", ADA.name)
    assert PASSWORD not in str(table.to_dict())
