"""Entering a rate: what it changes, what closed months keep, what is booked for them. The only writer of rates.

Everything about one client's prices and closed months happens under a lock on the client's row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse import audit, builds
from warehouse.billing import adjustments
from warehouse.billing.final_days import final_months
from warehouse.billing.rates import Curve, RateRow, agreed, prices, rows_for
from warehouse.control import Client, ClosedPeriod, CpmRate, SpendAdjustment
from warehouse.errors import PaidMediaError
from warehouse.months import days_of, month_after, named, utc_today

CPM_STEP = Decimal("0.0001")
CPM_LIMIT = Decimal("1000000")


@dataclass(frozen=True)
class Plan:
    """What an entry would do: nothing is written yet. `ends_before` is the next agreed rate's day, None: open-ended.

    `closed` are the client's closed months, `touched` those of them with days that the entry governs, `changed` those
    for which it agrees on something else than before. `amounts` is what `--adjust` would book, by month.
    """

    client: Client
    cpm: Decimal
    effective_date: date
    ends_before: date | None
    agreed_before: Curve
    agreed_after: Curve
    prices_before: Curve
    closed: frozenset[date]
    touched: tuple[date, ...]
    changed: tuple[date, ...]
    amounts: dict[date, Decimal]

    def rows(self) -> list[RateRow]:
        """The client's rates after the entry. Raises `PaidMediaError` where a closed day has no price to keep."""
        return rows_for(self.client.client_id, self.agreed_after, self.prices_before, self.closed)

    def refusal(self) -> PaidMediaError | None:
        """Why the entry is refused without `--adjust`; None when it changes nothing that is closed."""
        if not self.changed:
            return None
        slug, months = self.client.client_id, [named(month) for month in self.changed]
        amounts = [
            f"{name} by {exact(self.amounts.get(month, Decimal(0)), signed=True)} {self.client.currency}"
            for month, name in zip(self.changed, months, strict=True)
        ]
        return PaidMediaError(
            f"the rate would change the spend of closed months of {slug}: {', '.join(amounts)}",
            fix=f"--adjust keeps their price and books the difference, `paidmedia period reopen {slug} {months[0]}"
            " --why TEXT` opens a month",
        )


@dataclass(frozen=True)
class Entered:
    """A rate as entered, with the adjustments that were booked."""

    rate: CpmRate
    adjustments: list[SpendAdjustment]


def plan(current: Session, client: Client, *, cpm: Decimal, effective_date: date) -> Plan:
    """What entering a rate would do. Raises `PaidMediaError` for a CPM that cannot be billed."""
    amount = checked_cpm(cpm)
    rows = rate_rows(current, client.client_id)
    before, kept = agreed(rows), prices(rows)
    after = before.changed(effective_date, amount)
    ends_before = after.next_start(effective_date)
    closed = closed_months(current, client.client_id)
    touched = [
        month
        for month in sorted(closed)
        if month_after(month) > effective_date and (ends_before is None or month < ends_before)
    ]
    return Plan(
        client=client,
        cpm=amount,
        effective_date=effective_date,
        ends_before=ends_before,
        agreed_before=before,
        agreed_after=after,
        prices_before=kept,
        closed=closed,
        touched=tuple(touched),
        changed=tuple(m for m in touched if any(before.at(day) != after.at(day) for day in days_of(m))),
        amounts=adjustments.missing(current, client.client_id, touched, after, kept),
    )


def enter(
    current: Session,
    client: Client,
    *,
    cpm: Decimal,
    effective_date: date,
    adjust: bool = False,
    why: str | None = None,
    today: date | None = None,
) -> Entered:
    """Enter the rate that holds from `effective_date` until the next one; one of the same date is replaced.

    Where it speaks of closed months, it is refused (`PaidMediaError`) or, with `adjust`, they keep their price and what
    is missing to the agreed one is booked, dated `today` (UTC).
    """
    lock(current, client.client_id)
    planned = plan(current, client, cpm=cpm, effective_date=effective_date)
    rows = planned.rows()
    refusal = planned.refusal()
    if refusal is not None and not adjust:
        raise refusal
    write_rows(current, client, rows, entered=effective_date)
    old = planned.agreed_before.rates.get(effective_date)
    new = {"cpm": str(planned.cpm), "effective_date": effective_date.isoformat(), "currency": client.currency}
    audit.record(
        current,
        "set",
        "cpm",
        f"{client.client_id}@{effective_date}",
        old=None if old is None else {"cpm": str(old)},
        new=new | ({"why": why} if why else {}),
    )
    builds.request(current, f"rate {client.client_id}@{effective_date}", "entered")
    current.flush()
    rate = current.get_one(CpmRate, (client.client_id, effective_date))
    if not adjust:
        return Entered(rate, [])
    day = adjustments.booking_day(today or utc_today(), planned.closed)
    booked = adjustments.book(
        current, client, planned.amounts, day=day, cpm=planned.cpm, effective_date=effective_date, why=why
    )
    return Entered(rate, booked)


def lock(current: Session, client_id: str) -> None:
    """Keep everybody else from this client's prices and closed months until the end of the transaction.

    Loads, which only refer to the client, go on.
    """
    current.execute(
        select(Client.client_id).where(Client.client_id == client_id).with_for_update(key_share=True)
    ).scalar_one()


def closed_months(current: Session, client_id: str) -> frozenset[date]:
    """The first days of a client's closed months. Archived ones are: no build changes them any more."""
    closed = current.scalars(select(ClosedPeriod.month).where(ClosedPeriod.client_id == client_id))
    return frozenset(closed) | final_months(current, client_id)


def rate_rows(current: Session, client_id: str) -> list[CpmRate]:
    """A client's rates, oldest first, as they are now."""
    query = select(CpmRate).where(CpmRate.client_id == client_id).order_by(CpmRate.effective_date)
    return list(current.scalars(query.execution_options(populate_existing=True)))


def write_rows(current: Session, client: Client, rows: Sequence[RateRow], *, entered: date | None = None) -> None:
    """Make a client's rates these rows. `entered` is the day of the one that a person enters now, audited elsewhere.

    Written from the newest to the oldest, then removed from the oldest to the newest: so the price of a closed month is
    the same after each step, as the trigger of the table demands.
    """
    there = {row.effective_date: row for row in rate_rows(current, client.client_id)}
    for wanted in reversed(rows):
        row = there.pop(wanted.effective_date, None)
        says = None if row is None else RateRow(row.effective_date, row.cpm, row.is_agreed, row.agreed_cpm)
        if says == wanted and wanted.effective_date != entered:
            continue
        if row is None:
            row = CpmRate(client_id=client.client_id, effective_date=wanted.effective_date, currency=client.currency)
            current.add(row)
        row.cpm, row.is_agreed, row.agreed_cpm = wanted.cpm, wanted.is_agreed, wanted.agreed_cpm
        row.created_by, row.created_at = audit.actor_name(), datetime.now(UTC)
        current.flush()
        if wanted.effective_date != entered and (says is None or says.cpm != wanted.cpm):
            _note(current, client, wanted.effective_date, None if says is None else says.cpm, wanted.cpm)
    for day in sorted(there):
        _note(current, client, day, there[day].cpm, None)
        current.delete(there[day])
        current.flush()


def checked_cpm(value: Decimal) -> Decimal:
    """A CPM with its four decimals. Raises `PaidMediaError` for one that cannot be billed."""
    try:
        amount = value.quantize(CPM_STEP, rounding=ROUND_HALF_UP)
    except InvalidOperation as error:
        raise PaidMediaError(f"{value} is no CPM", fix="a number such as 12.50") from error
    if amount != value:
        raise PaidMediaError(f"a CPM of {value} is finer than 4 decimals", fix="round it")
    if not 0 < amount < CPM_LIMIT:
        raise PaidMediaError(f"a CPM of {value} cannot be used", fix="it is positive and below 1,000,000")
    return amount


def exact(amount: Decimal, *, signed: bool = False) -> str:
    """Every digit of an amount, at least cents: `1,234.50`, `+0.0012345`."""
    whole, _, digits = (f"{amount:+,.7f}" if signed else f"{amount:,.7f}").partition(".")
    return f"{whole}.{digits.rstrip('0').ljust(2, '0')}"


def _note(current: Session, client: Client, day: date, old: Decimal | None, new: Decimal | None) -> None:
    """Audit a row that begins or ends the kept price of a closed month."""
    audit.record(
        current,
        "follow",
        "cpm",
        f"{client.client_id}@{day}",
        old=None if old is None else {"cpm": str(old)},
        new=None if new is None else {"cpm": str(new)},
    )
    builds.request(current, f"rate {client.client_id}@{day}", "kept for a closed month, or given back to it")
