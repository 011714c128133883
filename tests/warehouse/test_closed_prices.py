"""Rates around closed months: their price is kept, whoever writes and in whatever order, and nothing races."""

import random
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.sizes import cases, report
from warehouse.billing import adjustments, periods, pricing
from warehouse.billing.rates import Curve, RateRow, agreed, prices, rows_for
from warehouse.clients import clients
from warehouse.control import AuditEntry, ClosedPeriod, CpmRate, CpmRateEntry, SourceSetting, lookup
from warehouse.errors import PaidMediaError
from warehouse.months import days_of, month_after, month_of
from warehouse.postgres import database
from warehouse.settings import Settings

JAN, FEB, MAR, APR, MAY = (date(2026, month, 1) for month in range(1, 6))
TEN, TWELVE, FIFTEEN = Decimal(10), Decimal(12), Decimal(15)
YEAR = [day for month in range(1, 13) for day in days_of(date(2026, month, 1))]


@pytest.fixture
def current(settings: Settings) -> Iterator[Session]:
    """A transaction with the client acme, at a CPM of 10 from 2026 on, that leaves nothing behind."""
    with Session(database.engine(settings)) as session:
        clients.add_client(session, "acme", name="Acme", currency="USD", cpm=TEN, effective_date=JAN)
        yield session
        session.rollback()


def close(current: Session, *months: date, client_id: str = "acme") -> None:
    """Close months as they stand, without the questions that `periods.close` asks of what is published."""
    for month in months:
        current.add(
            ClosedPeriod(
                client_id=client_id, month=month, impressions=0, spend=Decimal(0), currency="USD",
                closed_at=datetime.now(UTC), closed_by="a test",
            )
        )  # fmt: skip
    current.flush()


def enter(current: Session, cpm: Decimal, day: date, *, adjust: bool = True) -> None:
    clients.set_cpm(current, "acme", cpm=cpm, effective_date=day, adjust=adjust, why="a test", today=MAY)


# What somebody may do to the table past the product.
WRITES = {
    "insert": """
        insert into control.client_cpm_rates (client_id, effective_date, cpm, currency, created_by)
        values ('acme', :day, :cpm, 'USD', 'somebody')
    """,
    "set": "update control.client_cpm_rates set cpm = :cpm where effective_date = :day",
    "delete": "delete from control.client_cpm_rates where effective_date = :day",
}


def write(current: Session, change: str, day: date, cpm: int | None = None) -> None:
    """Change the rate of a day by SQL."""
    current.execute(text(WRITES[change]), {"day": day, "cpm": cpm})


def rates(current: Session) -> list[tuple[date, Decimal, bool, Decimal | None]]:
    """The client's rows: from, price, whether it was entered, what was agreed instead."""
    rows = pricing.rate_rows(current, "acme")
    return [(row.effective_date, row.cpm, row.is_agreed, row.agreed_cpm) for row in rows]


def test_a_closed_month_is_pinned_and_the_days_after_it_have_the_new_rate(current: Session) -> None:
    close(current, MAR)
    enter(current, TWELVE, FEB)
    assert rates(current) == [
        (JAN, TEN, True, None),
        (FEB, TWELVE, True, None),
        (MAR, TEN, False, None),
        (APR, TWELVE, False, None),
    ]


def test_an_entry_within_a_closed_month_counts_from_the_end_of_it(current: Session) -> None:
    close(current, FEB, MAR)
    enter(current, TWELVE, date(2026, 2, 10))
    assert rates(current) == [
        (JAN, TEN, True, None),
        (date(2026, 2, 10), TEN, True, TWELVE),
        (APR, TWELVE, False, None),
    ]


def test_a_pin_does_not_end_what_a_later_entry_governs(current: Session) -> None:
    enter(current, FIFTEEN, MAY)
    close(current, MAR)
    enter(current, TWELVE, FEB)
    enter(current, Decimal(14), FEB)
    assert rates(current)[1:] == [
        (FEB, Decimal(14), True, None),
        (MAR, TEN, False, None),
        (APR, Decimal(14), False, None),
        (MAY, FIFTEEN, True, None),
    ]
    enter(current, TEN, FEB)
    assert rates(current) == [(JAN, TEN, True, None), (FEB, TEN, True, None), (MAY, FIFTEEN, True, None)]


def test_a_rate_that_changes_a_closed_month_is_refused_and_leaves_nothing(current: Session) -> None:
    close(current, FEB, MAR)
    before = rates(current)
    with pytest.raises(
        PaidMediaError, match=r"2026-02 by \+0.00 USD, 2026-03 by .*--adjust .*period reopen acme 2026-02"
    ):
        enter(current, TWELVE, date(2026, 2, 28), adjust=False)
    assert rates(current) == before
    enter(current, TEN, date(2026, 2, 15), adjust=False)  # the same as before: nothing closed changes
    enter(current, TWELVE, APR, adjust=False)
    assert [row[0] for row in rates(current)] == [JAN, date(2026, 2, 15), APR]


def test_a_closed_day_without_a_price_has_nothing_to_keep(current: Session) -> None:
    close(current, date(2025, 12, 1))
    for day in (date(2025, 11, 1), date(2025, 12, 31)):
        with pytest.raises(PaidMediaError, match=r"2025-12 of acme is closed and has no price on 2025-12"):
            enter(current, TWELVE, day)
    assert rates(current) == [(JAN, TEN, True, None)]


def test_every_row_that_an_entry_writes_is_in_the_audit_log_and_in_the_entries(current: Session) -> None:
    close(current, MAR)
    enter(current, TWELVE, FEB)
    enter(current, TEN, FEB)
    current.flush()
    noted = current.scalars(select(AuditEntry).where(AuditEntry.entity == "cpm").order_by(AuditEntry.audit_id)).all()
    assert [(each.action, each.entity_id, each.new_values and each.new_values["cpm"]) for each in noted[1:]] == [
        ("follow", "acme@2026-04-01", "12.0000"),
        ("follow", "acme@2026-03-01", "10.0000"),
        ("set", "acme@2026-02-01", "12.0000"),
        ("follow", "acme@2026-03-01", None),
        ("follow", "acme@2026-04-01", None),
        ("set", "acme@2026-02-01", "10.0000"),
    ]
    assert noted[3].new_values == {"cpm": "12.0000", "effective_date": "2026-02-01", "currency": "USD", "why": "a test"}
    entries = current.scalars(select(CpmRateEntry).order_by(CpmRateEntry.entry_id)).all()
    assert [(each.effective_date, each.cpm) for each in entries[1:]] == [
        (APR, TWELVE), (MAR, TEN), (FEB, TWELVE), (FEB, TEN), (MAR, None), (APR, None),
    ]  # fmt: skip


def test_a_reopened_month_has_the_agreed_rates_and_its_neighbours_keep_theirs(current: Session) -> None:
    close(current, FEB, MAR)
    enter(current, TWELVE, date(2026, 2, 10))
    periods.reopen(current, "acme", FEB, why="a new invoice", today=MAY)
    assert rates(current) == [
        (JAN, TEN, True, None),
        (date(2026, 2, 10), TWELVE, True, None),
        (MAR, TEN, False, None),
        (APR, TWELVE, False, None),
    ]
    periods.reopen(current, "acme", MAR, why="a new invoice", today=MAY)
    assert rates(current) == [(JAN, TEN, True, None), (date(2026, 2, 10), TWELVE, True, None)]
    with pytest.raises(PaidMediaError, match="2026-03 of acme is not closed"):
        periods.reopen(current, "acme", MAR, why="again")
    with pytest.raises(PaidMediaError, match="needs a reason"):
        periods.reopen(current, "acme", MAR, why=" ")


@pytest.mark.parametrize(
    ("change", "day"),
    [("set", JAN), ("insert", date(2026, 3, 31)), ("insert", date(2026, 2, 27)), ("delete", JAN)],
)
def test_the_database_itself_refuses_another_price_of_a_closed_month(current: Session, change: str, day: date) -> None:
    close(current, MAR)
    with pytest.raises(IntegrityError, match="would change the price of a closed month"):
        write(current, change, day, 11)


def test_the_database_lets_through_what_leaves_a_closed_month_as_it_is(current: Session) -> None:
    close(current, MAR)
    write(current, "insert", APR, 11)
    write(current, "insert", date(2026, 3, 7), 10)
    write(current, "insert", MAR, 10)
    write(current, "set", JAN, 9)
    write(current, "delete", date(2026, 3, 7))
    assert prices(pricing.rate_rows(current, "acme")).at(MAR) == TEN


@pytest.mark.torture
def test_random_entries_keep_closed_prices_and_follow_what_was_agreed(current: Session) -> None:
    """Against one price per day: entries, closings and openings in any order, written under the trigger's eyes."""
    rng, count = random.Random(7), cases(30, 2_000)
    entered = refused = 0
    for number in range(count):
        slug = f"random-{number}"
        clients.add_client(current, slug, name=slug, currency="USD", cpm=TEN, effective_date=JAN)
        wanted, kept = {JAN: TEN}, dict[date, Decimal]()
        for _ in range(12):
            month = date(2026, rng.randrange(1, 12), 1)
            day = rng.choice([month, month + timedelta(days=rng.randrange(28))])
            closed = {month_of(each) for each in kept}
            match rng.choice(["enter", "enter", "enter", "close", "open"]):
                case "enter":
                    cpm = Decimal(rng.randrange(8, 13))
                    agreed_then = Curve({**wanted, day: cpm})
                    changes = any(Curve(wanted).at(each) != agreed_then.at(each) for each in kept)
                    adjust = rng.random() < 0.7
                    entry = {"cpm": cpm, "effective_date": day, "adjust": adjust, "today": MAY}
                    if changes and not adjust:
                        with pytest.raises(PaidMediaError, match="closed months"):
                            clients.set_cpm(current, slug, **entry)
                        refused += 1
                    else:
                        clients.set_cpm(current, slug, **entry)
                        wanted, entered = {**wanted, day: cpm}, entered + 1
                case "close" if month not in closed:
                    found = prices(pricing.rate_rows(current, slug))
                    kept |= {each: found.at(each) or Decimal(0) for each in days_of(month)}
                    close(current, month, client_id=slug)
                case "open" if month in closed:
                    periods.reopen(current, slug, month, why="a test", today=MAY)
                    kept = {each: price for each, price in kept.items() if month_of(each) != month}
            rows = pricing.rate_rows(current, slug)
            assert agreed(rows).rates == dict(sorted(wanted.items()))
            assert [prices(rows).at(each) for each in YEAR] == [kept.get(each, Curve(wanted).at(each)) for each in YEAR]
    assert entered
    assert refused
    report("rates entered around closed months", count, entered=entered, refused=refused)


def test_no_row_says_what_the_one_before_it_says(current: Session) -> None:
    rows = rows_for("acme", Curve({JAN: TEN, MAR: TWELVE}), Curve({JAN: TEN}), {FEB, MAR})
    assert rows == [
        RateRow(JAN, TEN, True, None),
        RateRow(MAR, TEN, True, TWELVE),
        RateRow(APR, TWELVE, False, None),
    ]


def test_bookings_are_dated_today_or_on_the_first_open_day_after() -> None:
    today = date(2026, 3, 17)
    assert adjustments.booking_day(today, []) == today
    assert adjustments.booking_day(today, [FEB, APR]) == today
    assert adjustments.booking_day(today, [MAR, APR]) == MAY
    assert month_after(date(2026, 12, 1)) == date(2027, 1, 1)


@pytest.mark.parametrize("text", ["2026-13", "2026", "10-2026", "2026-10-01", ""])
def test_a_month_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(PaidMediaError, match="write it like 2026-10"):
        periods.parse_month(text)


@pytest.fixture
def shared(settings: Settings) -> Iterator[str]:
    """A client that other connections see too."""
    with database.session(settings) as current:
        if "shared" not in {each.client_id for each in lookup.list_clients(current)}:
            clients.add_client(current, "shared", name="Shared", currency="USD", cpm=TEN, effective_date=JAN)
    yield "shared"
    with database.session(settings) as current:
        current.execute(text("delete from control.closed_periods"))
        current.execute(text("delete from control.client_cpm_rates where effective_date > '2026-01-01'"))


def beside(settings: Settings, cpm: Decimal, day: date) -> tuple[threading.Thread, list[str]]:
    """Enter a rate from another thread; what came of it is in the list at the end."""
    said: list[str] = []

    def run() -> None:
        try:
            with database.session(settings) as other:
                clients.set_cpm(other, "shared", cpm=cpm, effective_date=day)
            said.append("entered")
        except PaidMediaError as error:
            said.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=0.5)
    assert thread.is_alive(), "it does not wait for the other one"
    return thread, said


def test_two_entries_at_once_come_one_after_the_other(settings: Settings, shared: str) -> None:
    with Session(database.engine(settings)) as first:
        clients.set_cpm(first, shared, cpm=TWELVE, effective_date=FEB)
        thread, said = beside(settings, FIFTEEN, FEB)
        first.commit()
        thread.join()
        assert said == ["entered"]
        found = first.scalars(
            select(CpmRate.cpm).where(CpmRate.client_id == shared).order_by(CpmRate.effective_date)
        ).all()
    assert found == [TEN, FIFTEEN]


def test_an_entry_beside_a_closing_knows_of_it(settings: Settings, shared: str) -> None:
    with Session(database.engine(settings)) as first:
        pricing.lock(first, shared)
        close(first, MAR, client_id=shared)
        thread, said = beside(settings, FIFTEEN, FEB)
        first.commit()
        thread.join()
    [words] = said
    assert "the rate would change the spend of closed months of shared: 2026-03" in words


def test_a_load_that_refers_to_the_client_does_not_wait(settings: Settings, shared: str) -> None:
    with Session(database.engine(settings)) as first, Session(database.engine(settings)) as load:
        pricing.lock(first, shared)
        load.execute(text("set local lock_timeout = '2s'"))
        load.add(SourceSetting(client_id=shared, source="vibe", setting="campaign", value="Always"))
        load.flush()
        load.rollback()
