"""Log-in through a provider: what is believed of its word, who comes in by it, and that it opens one session only."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from warehouse import audit
from warehouse.access import accounts, single_sign_on, users
from warehouse.access.single_sign_on import FRESH, Identity
from warehouse.control import UserSession
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

ANA, SAM, DAN = "ana@agency.example", "sam@agency.example", "dan@agency.example"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETUP = {
    "oidc_metadata_url": "https://login.agency.example/.well-known/openid-configuration",
    "oidc_client_id": "paid-media",
    "oidc_client_secret": "a secret of these tests",
    "oidc_redirect_url": "https://numbers.agency.example/oauth2callback",
}


def claims(**changed: Any) -> dict[str, Any]:
    said = {"iss": "https://login.agency.example", "sub": "4711", "iat": NOW.timestamp(), "nonce": "n1", "email": ANA}
    return {name: value for name, value in (said | changed).items() if value is not None}


def believed(**changed: Any) -> Identity | None:
    return single_sign_on.identity(Settings(secret_key="a key for tests only"), claims(**changed), NOW)


@pytest.mark.parametrize(
    ("said", "is_verified"),
    [(True, True), ("true", True), (None, True), (False, False), ("false", False), ("", False), (0, False)],
)
def test_an_address_counts_unless_the_provider_says_that_it_is_not_verified(said: object, is_verified: bool) -> None:
    found = believed(email=" Ana@AGENCY.example", email_verified=said)
    assert found is not None
    assert (found.email, found.is_verified) == (ANA, is_verified)


def test_one_log_in_at_the_provider_has_one_token_and_every_other_another() -> None:
    def token(**changed: Any) -> str:
        found = believed(**changed)
        assert found is not None
        return found.token

    assert token() == token(email_verified=True)
    others = {token(nonce="n2"), token(sub="4712"), token(iat=NOW.timestamp() + 1), token(iss="https://else.example")}
    assert len(others - {token()}) == 4
    other_key = single_sign_on.identity(Settings(secret_key="another key"), claims(), NOW)
    assert other_key is not None
    assert other_key.token != token()


@pytest.mark.parametrize("age", [FRESH + timedelta(seconds=1), -FRESH - timedelta(seconds=1), timedelta(days=29)])
def test_what_the_provider_said_too_long_ago_is_not_believed(age: timedelta) -> None:
    assert believed(iat=(NOW - age).timestamp()) is None
    assert believed(iat=(NOW - FRESH).timestamp()) is not None


@pytest.mark.parametrize("missing", ["iat", "nonce"])
def test_claims_of_no_id_token_are_not_believed(missing: str) -> None:
    assert believed(**{missing: None}) is None


def test_a_session_that_has_ended_is_remembered_for_longer_than_the_providers_word_counts() -> None:
    assert 2 * FRESH < accounts.IDLE


def test_a_provider_is_set_up_whole_or_not_at_all() -> None:
    assert not single_sign_on.is_configured(Settings())
    assert single_sign_on.is_configured(Settings(**SETUP))
    with pytest.raises(PaidMediaError, match="set OIDC_METADATA_URL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_REDIR"):
        single_sign_on.is_configured(Settings(oidc_only=True))
    with pytest.raises(PaidMediaError, match="set OIDC_CLIENT_SECRET too"):
        single_sign_on.is_configured(Settings(**(SETUP | {"oidc_client_secret": None})))


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("http://127.0.0.1:8501/oauth2callback", True), ("http://localhost/oauth2callback", True),
        ("http://numbers.agency.example/oauth2callback", False), ("https://numbers.agency.example", False),
    ],
)  # fmt: skip
def test_people_come_back_over_tls_or_to_this_machine(url: str, is_good: bool) -> None:
    given = Settings(**(SETUP | {"oidc_redirect_url": url}))
    if is_good:
        assert single_sign_on.is_configured(given)
    else:
        with pytest.raises(PaidMediaError, match="OIDC_REDIRECT_URL"):
            single_sign_on.is_configured(given)


@pytest.fixture
def people(database_url: str) -> None:
    """Ana has a password that she was given, Sam has none, Dan is disabled."""
    with database.session() as current:
        for table in ("user_sessions", "users"):
            current.execute(text(f"delete from control.{table}"))
        users.add_user(current, "boss@agency.example", role="admin")
        users.add_user(current, ANA, role="analyst")
        assert users.add_user(current, SAM, role="analyst", has_password=False) is None
        users.add_user(current, DAN, role="analyst", has_password=False)
        users.set_active(current, DAN, active=False)


def vouched(email: str, *, is_verified: bool = True, number: int = 1) -> Identity:
    return Identity(email, is_verified, f"the token of log-in {number} of {email}")


def arrives(identity: Identity) -> str | None:
    with audit.acting(audit.Actor(identity.email or "nobody")), database.session() as current:
        return accounts.log_in_vouched(current, identity)


def known(token: str) -> accounts.Person | None:
    with database.session() as current:
        return accounts.person(current, token)


def last_entry() -> tuple[Any, ...]:
    query = "select actor, action, entity_id, new_values from control.audit_log order by audit_id desc limit 1"
    with database.session() as current:
        return tuple(current.execute(text(query)).one())


def test_who_was_added_and_is_enabled_comes_in_without_a_password(people: None) -> None:
    assert arrives(vouched(SAM)) is None
    person = known(vouched(SAM).token)
    assert person is not None
    assert (person.email, person.role, person.must_change_password, person.has_password) == (
        SAM, "analyst", False, False
    )  # fmt: skip
    assert last_entry() == (SAM, "log in", SAM, {"how": "provider"})
    with database.session() as current:
        assert accounts.log_in(current, SAM, "") is None  # no password is not the empty one


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        (vouched("eve@agency.example"), "not added"), (vouched(DAN), "disabled"), (vouched(""), "no address"),
        (vouched(ANA, is_verified=False), "not verified"), (vouched(DAN, is_verified=False), "not verified"),
    ],
)  # fmt: skip
def test_everybody_else_is_refused_with_the_reason_on_record(people: None, identity: Identity, why: str) -> None:
    assert arrives(identity) == why
    assert known(identity.token) is None
    actor, action, _, values = last_entry()
    assert (actor, action, values) == (identity.email or "nobody", "refuse log in", {"how": "provider", "why": why})


def test_the_same_word_gives_the_same_session_until_that_ends_and_none_after(people: None) -> None:
    first, second = vouched(ANA), vouched(ANA, number=2)
    assert [arrives(first), arrives(first)] == [None, None]
    with database.session() as current:
        assert current.query(UserSession).count() == 1
        accounts.log_out(current, first.token)
    assert arrives(first) == "used"
    assert arrives(second) is None  # ends nothing of the first
    assert arrives(first) == "used"
    assert known(first.token) is None


def test_who_is_disabled_is_out_and_no_word_of_the_provider_brings_them_back(people: None) -> None:
    arrives(vouched(ANA))
    with database.session() as current:
        users.set_active(current, ANA, active=False)
    assert known(vouched(ANA).token) is None
    assert arrives(vouched(ANA)) == "disabled"
    with database.session() as current:
        users.set_active(current, ANA, active=True)
    assert arrives(vouched(ANA)) == "used"
    assert arrives(vouched(ANA, number=2)) is None


def test_a_given_password_is_void_after_a_log_in_at_the_provider_and_so_are_its_sessions(people: None) -> None:
    with database.session() as current:
        given = users.reset_password(current, ANA)
        waiting = accounts.log_in(current, ANA, given) or ""
    assert known(waiting) is not None
    assert arrives(vouched(ANA)) is None
    person = known(vouched(ANA).token)
    assert person is not None
    assert (person.must_change_password, person.has_password) == (False, False)
    assert known(waiting) is None
    with database.session() as current:
        assert accounts.log_in(current, ANA, given) is None


def test_a_password_of_their_own_stays_and_a_lock_of_it_stops_no_provider(people: None) -> None:
    with database.session() as current:
        accounts.set_password(users.get_user(current, ANA), "a password of her own")
    for _ in range(accounts.FAILURES):
        with database.session() as current:
            accounts.log_in(current, ANA, "a guess")
    assert arrives(vouched(ANA)) is None
    with database.session() as current:
        user = users.get_user(current, ANA)
        assert user.locked_until is not None
        accounts.set_password(user, "a password of her own")
        assert accounts.log_in(current, ANA, "a password of her own") is not None


def test_a_session_through_the_provider_ends_after_half_an_hour_without_use_too(people: None) -> None:
    arrives(vouched(ANA))
    with database.session() as current:
        current.execute(text("update control.user_sessions set last_seen_at = last_seen_at - interval '31 minutes'"))
    assert known(vouched(ANA).token) is None
