"""Months of `daily_metrics` that are no longer hot: written to the archive, compared, then dropped.

partitions of a month → archive/daily_metrics/2025-09.parquet → control.archived_months → partitions dropped

All of it is one transaction: a crash leaves the partitions, perhaps with a file that the next try replaces. Summaries,
campaigns' days and what the days rest on stay where they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.billing.delivered_days import delivered_days
from warehouse.billing.final_days import first_open_day, keep_final_days, monday_from
from warehouse.billing.pricing import rate_rows
from warehouse.billing.rates import prices
from warehouse.control import ArchivedMonth, Client
from warehouse.errors import PaidMediaError
from warehouse.months import month_after
from warehouse.postgres import database
from warehouse.retention import Expired, cutoffs, files
from warehouse.settings import Settings
from warehouse.storage import places

FACT = "marts.daily_metrics"
MEASURES = ("impressions", "clicks", "conversions", "conversion_revenue", "spend", "reported_spend")
# Readers at work are waited for in rounds of a second, between which Ctrl-C is heard.
LOCK_ROUNDS = 90


@dataclass(frozen=True)
class Month:
    """A month of the fact as it lies in Postgres."""

    first_day: date
    partitions: tuple[str, ...]
    size_bytes: int

    @property
    def next_month(self) -> date:
        """The first day after it."""
        return month_after(self.first_day)

    @property
    def condition(self) -> str:
        """SQL that picks its rows."""
        return f"date >= '{self.first_day}' and date < '{self.next_month}'"


def expire(settings: Settings, today: date, *, dry_run: bool) -> Iterator[Expired]:
    """Archive every month before the first hot one, oldest first, or say what that would be.

    To be called under the lock of builds. Raises `PaidMediaError`; the months before are archived then.
    """
    before = cutoffs.first_hot_month(today, settings)
    with database.session(settings) as current:
        old = [month for month in months(current) if month.first_day < before]
        known = max(current.scalars(select(ArchivedMonth.month)), default=date.min)
    for month in old:
        if month.first_day <= known:
            what = f"{month.first_day:%Y-%m} is archived and has rows all the same; they stay"
            raise PaidMediaError(what, fix="report it")
        rows = _count(settings, month) if dry_run else archive(settings, month).rows
        yield Expired(f"daily_metrics {month.first_day:%Y-%m}", rows, "rows", month.size_bytes, before)


def months(current: Session) -> list[Month]:
    """The months of which the fact has partitions, oldest first; none before the first build."""
    query = """
        select parts.oid::regclass::text as name, pg_get_expr(parts.relpartbound, parts.oid) as bound,
            pg_total_relation_size(parts.oid) as size_bytes
        from pg_inherits as links
        inner join pg_class as parts on links.inhrelid = parts.oid
        where links.inhparent = to_regclass(:fact)
        order by 1
    """
    found: dict[date, list[tuple[str, int]]] = {}
    for row in current.execute(text(query), {"fact": FACT}):
        first_day = re.match(r"FOR VALUES FROM \('(\d{4}-\d{2})-\d{2}'\)", row.bound)
        if first_day is None:
            raise PaidMediaError("a partition has no first day", where=f"{row.name} {row.bound}")
        found.setdefault(date.fromisoformat(f"{first_day[1]}-01"), []).append((row.name, row.size_bytes))
    return [
        Month(day, tuple(name for name, _ in parts), sum(size for _, size in parts))
        for day, parts in sorted(found.items())
    ]


def archive(settings: Settings, month: Month) -> ArchivedMonth:
    """Write one month to its file and drop it. Raises `PaidMediaError`, and nothing is dropped then."""
    key = f"daily_metrics/{month.first_day:%Y-%m}.parquet"
    with database.session(settings) as current:
        _refuse_unmodelled(current, month)
        current.execute(text(f"lock table {', '.join(month.partitions)} in share mode"))
        file = files.archive(current, FACT, month.condition, MEASURES, places.archive(settings), key)
        _refuse_hidden(current, month, file.totals.rows)
        current.execute(text(_KEEP_CREATIVES.format(fact=FACT, month=month.condition)))
        archived = ArchivedMonth(
            month=month.first_day,
            rows=file.totals.rows,
            sums=file.totals.record,
            file=file.key,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            archived_at=datetime.now(UTC),
        )
        current.add(archived)
        audit.record(
            current, "archive", "month", f"{month.first_day:%Y-%m}", new={"rows": archived.rows, "file": archived.file}
        )
        current.flush()
        keep_final_days(current)
        _wait_for_readers(current, month)
        for partition in month.partitions:
            current.execute(text(f"drop table {partition}"))
        current.expunge(archived)
    return archived


def _count(settings: Settings, month: Month) -> int:
    query = f"select count(*) from {FACT} where {month.condition}"  # noqa: S608 – days of ours
    with database.session(settings) as current:
        return int(current.scalar(text(query)) or 0)


def _refuse_unmodelled(current: Session, month: Month) -> None:
    """A day that becomes final keeps what is published: what was let through or entered for it is modelled before."""
    since, before = first_open_day(current), monday_from(month.next_month)
    days = 0
    for client_id in current.scalars(select(Client.client_id)):
        rates = prices(rate_rows(current, client_id))
        days += sum(day.is_unbuilt(rates) for day in delivered_days(current, client_id, since, before))
    if days:
        what = f"{month.first_day:%Y-%m} is not archived: no build has modelled what is delivered or entered for"
        raise PaidMediaError(f"{what} {days} {'day' if days == 1 else 'days'}", fix="paidmedia build")


def _refuse_hidden(current: Session, month: Month, archived: int) -> None:
    """The fact has row-level security, its partitions have none: where the counts differ, a policy hides rows."""
    counts = (f"(select count(*) from {partition})" for partition in month.partitions)  # noqa: S608 – names of ours
    rows = int(current.scalar(text(f"select {' + '.join(counts)}")) or 0)
    if rows != archived:
        what = f"{month.first_day:%Y-%m} is not archived: {rows - archived:,} of its rows are hidden by a policy"
        raise PaidMediaError(what, fix="paidmedia db migrate, with the role that owns the marts")


def _wait_for_readers(current: Session, month: Month) -> None:
    """Take the fact and the month's partitions once no reader has them, and without keeping new readers waiting."""
    readers = None
    for _ in range(LOCK_ROUNDS):
        readers = current.scalar(text(_LOCK), {"relations": [FACT, *month.partitions]})
        if readers is None:
            return
    raise PaidMediaError(
        f"{month.first_day:%Y-%m} could not be dropped: an open transaction reads {FACT}", where=readers,
        fix="end it, or let the administrator of the server call pg_terminate_backend(PROCESS), and try again",
    )  # fmt: skip


_LOCK = "select access.lock_briefly(cast(:relations as text[]), interval '1 second')"

_KEEP_CREATIVES = """
    insert into control.archived_creatives
    select distinct
        creative_id, client_id, source, campaign_id, campaign_name, strategy_id, strategy_name, placement_id,
        placement_name, creative_name
    from {fact}
    where {month}
    on conflict (creative_id) do nothing
"""
