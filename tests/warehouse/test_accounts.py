"""Accounts: log-in, lock-out, sessions, passwords, and what the audit log keeps of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError

from warehouse import audit
from warehouse.access import accounts, passwords, users
from warehouse.clients import clients
from warehouse.control import AuditEntry, User, UserSession, lookup
from warehouse.errors import PaidMediaError
from warehouse.postgres import database

ANA, CARL = "ana@agency.example", "carl@acme.example"
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def stored() -> str:
    """The hash of the password, made once: each takes half a second of processor, as it should."""
    return passwords.hashed(PASSWORD)


@pytest.fixture
def people(database_url: str, stored: str) -> Iterator[None]:
    """An administrator, and a person of one client."""
    with database.session() as current:
        if "acme" not in {each.client_id for each in lookup.list_clients(current)}:
            clients.add_client(
                current, "acme", name="Acme", currency="USD", cpm=Decimal(10), effective_date=date(2026, 1, 1)
            )
        users.add_user(current, ANA, role="admin", has_password=False)
        users.add_user(current, CARL, role="client", client_id="acme", has_password=False)
        for email in (ANA, CARL):
            users.get_user(current, email).password_hash = stored
    yield
    with database.session() as current:
        for table in ("user_sessions", "user_clients", "users"):
            current.execute(text(f"delete from control.{table}"))


def log_in(email: str = CARL, password: str = PASSWORD) -> str | None:
    with database.session() as current:
        return accounts.log_in(current, email, password)


def known(token: str | None) -> accounts.Person | None:
    with database.session() as current:
        return accounts.person(current, token or "")


def later(minutes: float) -> None:
    """Let time pass: everything that was noted lies so much further back."""
    span = timedelta(minutes=minutes)
    with database.session() as current:
        current.execute(update(UserSession).values(last_seen_at=UserSession.last_seen_at - span))
        current.execute(update(User).values(locked_until=User.locked_until - span))


def test_the_right_password_begins_a_session_of_the_person(people: None) -> None:
    token = log_in(" Carl@ACME.example ")
    person = known(token)
    assert person is not None
    assert (person.email, person.role, person.client_ids, person.must_change_password) == (
        CARL,
        "client",
        ("acme",),
        False,
    )
    admin = known(log_in(ANA))
    assert admin is not None
    assert admin.client_ids is None
    assert known("another token") is None
    assert known(None) is None


@pytest.mark.parametrize(("email", "password"), [(CARL, "wrong horse"), (CARL, ""), ("nobody@acme.example", PASSWORD)])
def test_anything_else_is_refused(people: None, email: str, password: str) -> None:
    assert log_in(email, password) is None


def test_neither_the_password_nor_the_token_is_stored(people: None) -> None:
    token = log_in()
    with database.session() as current:
        user = users.get_user(current, CARL)
        assert (user.password_hash or "").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        rows = current.scalars(text("select sessions::text from control.user_sessions as sessions")).all()
    assert token is not None
    assert not any(token in row for row in rows)


def test_five_failures_in_a_row_lock_the_account_for_a_quarter_of_an_hour(people: None) -> None:
    for _ in range(4):
        assert log_in(password="a guess") is None
    assert log_in() is not None  # in a row: the right one begins anew
    for _ in range(5):
        assert log_in(password="a guess") is None
    assert log_in() is None
    later(14)
    assert log_in() is None
    later(1.1)
    assert log_in() is not None


def test_guesses_at_the_same_time_are_counted_one_by_one(people: None) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: log_in(password=f"guess {number}"), range(8))) == [None] * 8
    with database.session() as current:
        user = users.get_user(current, CARL)
        assert (user.failed_logins, user.locked_until is not None) == (5, True)


def test_a_reset_unlocks_gives_a_password_for_one_log_in_and_ends_the_sessions(people: None) -> None:
    token = log_in()
    for _ in range(5):
        log_in(password="a guess")
    with database.session() as current:
        given = users.reset_password(current, CARL)
    assert known(token) is None
    assert log_in() is None
    person = known(log_in(password=given))
    assert person is not None
    assert person.must_change_password


def test_half_an_hour_without_use_ends_a_session_and_looking_is_no_use(people: None) -> None:
    token = log_in() or ""
    later(20)
    assert known(token) is not None  # a use
    later(20)
    with database.session() as current:
        assert accounts.person(current, token, is_use=False) is not None
    later(10.1)
    assert known(token) is None


def test_who_is_disabled_or_logs_out_is_out_at_once(people: None) -> None:
    first, second = log_in(), log_in()
    with database.session() as current:
        accounts.log_out(current, first or "")
    assert known(first) is None
    assert known(second) is not None
    with database.session() as current:
        users.set_active(current, CARL, active=False)
    assert known(second) is None
    assert log_in() is None
    with database.session() as current:
        users.set_active(current, CARL, active=True)
    assert known(second) is None
    assert log_in() is not None


def test_a_changed_password_ends_the_other_sessions(people: None) -> None:
    here, there = log_in() or "", log_in()
    with database.session() as current:
        accounts.change_password(current, here, PASSWORD, "battery staple")
    assert known(here) is not None
    assert known(there) is None
    assert log_in() is None
    assert log_in(password="battery staple") is not None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (PASSWORD, "short", "fewer than 8"), (PASSWORD, "x" * 1_001, "more than 1,000"), (PASSWORD, CARL, "e-mail"),
        ("wrong", "battery staple", "present password"), (PASSWORD, PASSWORD, "the old one"),
    ],
)  # fmt: skip
def test_a_password_that_cannot_be_used_is_refused_with_the_reason(people: None, old: str, new: str, said: str) -> None:
    token = log_in() or ""
    with pytest.raises(PaidMediaError, match=said), database.session() as current:
        accounts.change_password(current, token, old, new)
    assert log_in() is not None


def test_the_last_administrator_stays(people: None) -> None:
    with pytest.raises(PaidMediaError, match="last administrator"), database.session() as current:
        users.set_active(current, ANA, active=False)
    with database.session() as current:
        users.add_user(current, "ada@agency.example", role="admin")
        users.set_active(current, ANA, active=False)


def test_a_person_sees_a_further_client_when_it_is_named_and_no_longer_when_it_is_removed(people: None) -> None:
    token = log_in()
    with database.session() as current:
        if "bolt" not in {each.client_id for each in lookup.list_clients(current)}:
            clients.add_client(
                current, "bolt", name="Bolt", currency="USD", cpm=Decimal(10), effective_date=date(2026, 1, 1)
            )
        assert users.add_user(current, CARL, role="client", client_id="bolt") is None
    person = known(token)
    assert person is not None
    assert person.client_ids == ("acme", "bolt")
    with database.session() as current:
        users.remove_client(current, CARL, "acme")
    person = known(token)
    assert person is not None
    assert person.client_ids == ("bolt",)


def test_the_audit_log_names_who_acted_from_where_and_no_secret(people: None) -> None:
    with audit.acting(audit.Actor(CARL, "192.0.2.7", "Firefox")):
        log_in(password="a guess")
        token = log_in() or ""
        with database.session() as current:
            accounts.change_password(current, token, PASSWORD, "battery staple")
            accounts.log_out(current, token)
    with database.session() as current:
        entries = current.scalars(select(AuditEntry).order_by(AuditEntry.audit_id.desc()).limit(4)).all()
        words = " ".join(str(vars(entry)) for entry in entries)
        acted = [(entry.action, entry.actor, entry.address, entry.agent, entry.entity_id) for entry in entries]
    actions = ("log out", "change password", "log in", "refuse log in")
    assert acted == [(action, CARL, "192.0.2.7", "Firefox", CARL) for action in actions]
    assert not any(secret in words for secret in (PASSWORD, "battery staple", "a guess", token))


@pytest.mark.parametrize(
    "change",
    ["update control.audit_log set actor = 'nobody'", "delete from control.audit_log", "truncate control.audit_log"],
)
def test_nobody_changes_the_audit_log_not_even_its_owner(people: None, change: str) -> None:
    with pytest.raises(ProgrammingError, match="append-only"), database.session() as current:
        current.execute(text(change))


def test_entries_older_than_a_year_may_leave(database_url: str) -> None:
    with database.session() as current:
        for days in (364, 367):
            when = datetime.now(UTC) - timedelta(days=days)
            current.add(AuditEntry(occurred_at=when, actor="ana", action="try", entity=f"{days}", entity_id="x"))
    with database.session() as current:
        current.execute(text("delete from control.audit_log where entity = '367'"))
    with pytest.raises(ProgrammingError, match="append-only"), database.session() as current:
        current.execute(text("delete from control.audit_log where entity = '364'"))
