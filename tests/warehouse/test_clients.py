"""Clients, rates and rules on a real database."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from warehouse.access import users
from warehouse.clients import clients, credentials
from warehouse.control import AuditEntry, CpmRate, CpmRateEntry, VibeCredentials, lookup
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings


@pytest.fixture
def current(settings: Settings):
    """A transaction that leaves nothing behind."""
    with Session(database.engine(settings)) as session:
        yield session
        session.rollback()


@pytest.fixture
def acme(current: Session) -> str:
    clients.add_client(
        current, "acme", name="Acme", currency="usd", cpm=Decimal("12.50"), effective_date=date(2026, 1, 1),
        source_settings={("surfside", "prefix"): "acme", ("surfside", "campaign"): "Always On"},
    )  # fmt: skip
    return "acme"


def test_a_client_starts_with_its_rate_and_rules(current: Session, acme: str) -> None:
    assert [rate.cpm for rate in clients.cpm_history(current, acme)] == [Decimal("12.5000")]
    assert clients.source_settings(current, acme, "surfside") == {"prefix": "acme/", "campaign": "Always On"}
    assert lookup.get_client(current, acme).currency == "USD"


@pytest.mark.parametrize("cpm", ["0", "-1", "1.00001", "NaN", "Infinity", "1000000"])
def test_a_rate_that_cannot_be_billed_is_refused(current: Session, acme: str, cpm: str) -> None:
    with pytest.raises(PaidMediaError, match="CPM"):
        clients.set_cpm(current, acme, cpm=Decimal(cpm), effective_date=date(2026, 2, 1))


def test_a_rate_of_the_same_date_is_replaced_and_the_old_one_is_in_the_audit_log(current: Session, acme: str) -> None:
    clients.set_cpm(current, acme, cpm=Decimal("13"), effective_date=date(2026, 1, 1))
    current.flush()
    assert [rate.cpm for rate in clients.cpm_history(current, acme)] == [Decimal("13.0000")]
    entry = current.scalars(select(AuditEntry).where(AuditEntry.entity == "cpm").order_by(AuditEntry.audit_id)).all()[
        -1
    ]
    assert entry.old_values == {"cpm": "12.5000"}
    assert entry.new_values is not None
    assert entry.new_values["cpm"] == "13.0000"


def test_the_database_itself_refuses_a_rate_in_another_currency(current: Session, acme: str) -> None:
    rate = CpmRate(client_id=acme, effective_date=date(2026, 3, 1), cpm=Decimal(1), currency="EUR", created_by="x")
    current.add(rate)
    with pytest.raises(IntegrityError, match="client_cpm_rates"):
        current.flush()


def test_an_unknown_client_is_answered_with_the_known_ones(current: Session, acme: str) -> None:
    with pytest.raises(PaidMediaError, match=r"unknown client 'acmee'.*known: .*acme"):
        lookup.get_client(current, "acmee")


def test_two_clients_never_share_a_folder_of_the_bucket(current: Session, acme: str) -> None:
    with pytest.raises(PaidMediaError, match="client acme reads acme/"):
        clients.add_client(
            current, "other", name="Other", currency="USD", cpm=Decimal(1), effective_date=date(2026, 1, 1),
            source_settings={("surfside", "prefix"): "acme/sub/"},
        )  # fmt: skip


@pytest.mark.parametrize("rule", ["surfside.campaign", "campaign=x"])
def test_a_rule_that_cannot_be_read_is_refused_with_an_example(rule: str) -> None:
    with pytest.raises(PaidMediaError, match="--set"):
        clients.parse_rule(rule)


@pytest.mark.parametrize("rule", ["google.campaign=x", "surfside.zip=x", "vibe.prefix=x"])
def test_a_rule_for_what_a_source_does_not_have_is_refused(current: Session, acme: str, rule: str) -> None:
    with pytest.raises(PaidMediaError, match=r"unknown source|has no setting"):
        clients.set_source_settings(current, acme, dict([clients.parse_rule(rule)]))


def test_a_vibe_key_is_stored_encrypted_and_read_back(current: Session, acme: str, settings: Settings) -> None:
    credentials.set_vibe_credentials(current, settings, acme, advertiser_id="adv-1", api_key="very-secret")
    current.flush()
    stored = current.get(VibeCredentials, acme)
    assert stored is not None
    assert "very-secret" not in stored.api_key_encrypted
    account = credentials.vibe_account(current, settings, acme)
    assert account is not None
    assert (account.advertiser_id, account.api_key) == ("adv-1", "very-secret")
    assert "very-secret" not in repr(account)
    for entry in current.scalars(select(AuditEntry)):
        assert "very-secret" not in str(entry.new_values)


def test_a_key_stored_under_another_secret_asks_to_be_entered_again(
    current: Session, acme: str, settings: Settings
) -> None:
    credentials.set_vibe_credentials(current, settings, acme, advertiser_id="adv-1", api_key="very-secret")
    changed = settings.model_copy(update={"secret_key": "another"})
    with pytest.raises(PaidMediaError, match="SECRET_KEY has changed"):
        credentials.vibe_account(current, changed, acme)


def test_a_client_user_names_its_client_and_others_do_not(current: Session, acme: str) -> None:
    assert users.add_user(current, "Ann@Acme.com", role="client", client_id=acme) is not None
    assert users.get_user(current, "ann@acme.com").role == "client"
    with pytest.raises(PaidMediaError, match="--client"):
        users.add_user(current, "bob@agency.com", role="analyst", client_id=acme)
    with pytest.raises(PaidMediaError, match="--client"):
        users.add_user(current, "eve@acme.com", role="client")


def test_every_rate_that_was_ever_entered_is_kept_whoever_writes_it(current: Session, acme: str) -> None:
    day = date(2026, 10, 1)
    clients.set_cpm(current, acme, cpm=Decimal(14), effective_date=day)
    clients.set_cpm(current, acme, cpm=Decimal(15), effective_date=day)
    current.execute(text("delete from control.client_cpm_rates where effective_date = :day"), {"day": day})
    entries = current.scalars(
        select(CpmRateEntry).where(CpmRateEntry.effective_date == day).order_by(CpmRateEntry.entry_id)
    )
    assert [entry.cpm for entry in entries] == [Decimal(14), Decimal(15), None]
