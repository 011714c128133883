"""What is wrong now, as Postgres tells it: the ledger of attempts, verdicts, freshness, rates, the queue for Vibe.

A finding lasts as long as its reason: it is not noted when something fails, but seen each time that somebody looks.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.alerts.finding import Finding
from warehouse.control import sources
from warehouse.control.sources import SourceRecord
from warehouse.deliveries import monitor, verdicts
from warehouse.deliveries.monitor import Attempt

Known = Mapping[str, SourceRecord]
SETTLE = 'if nobody waits for it any more: paidmedia resolve {id} --why "…"'


def wrong_now(current: Session) -> list[Finding]:
    """Everything that Postgres knows to be wrong; of one kind and subject one finding."""
    known = {each.name: each for each in sources.listed(current)}
    failures = monitor.open_failures(current)
    found = [
        *_missing_files(current, [each for each in failures if each.fault == "missing_file"]),
        *_failures([each for each in failures if each.fault != "missing_file"], known),
        *_held(current),
        *_stale(current, known),
        *_without_rate(current),
        *_waiting_for_reports(current, known),
    ]
    return list({each.key: each for each in reversed(found)}.values())[::-1]


def _failures(failures: Sequence[Attempt], known: Known) -> Iterator[Finding]:
    """Failed attempts, newest first: of a client and source the newest; of refused files each, for each is another."""
    for each in failures:
        kind = each.fault or "failed_run"
        subject = f"{each.source}/{each.client_id}"
        if each.status == "refused":
            subject = f"{subject}/{each.origin}"
        elif kind == "source_unreachable" and known[each.source].transport == sources.OBJECT_STORE:
            subject = each.source  # all clients share the bucket and its key
        elif kind == "vibe_budget_exhausted":
            subject = each.source
        place = f"{each.source}, client {each.client_id}, {each.origin}{_days_of(each)}"
        yield Finding(
            kind, subject, each.error or "no reason was noted", place, f"{_again(each, known)}; {_settle(each)}"
        )


def _missing_files(current: Session, failures: Sequence[Attempt]) -> Iterator[Finding]:
    """One finding for each gap: days in a row of a client without a file, told with the first file's bucket and key."""
    missing: dict[tuple[str, str], dict[date, Attempt]] = defaultdict(dict)
    for each in failures:
        for day in _still_missing(current, each):
            missing[each.source, each.client_id].setdefault(day, each)
    for (source, client_id), days in sorted(missing.items()):
        # Days in a row have the same distance from their place in the list.
        for _, group in groupby(enumerate(sorted(days)), key=lambda each: each[1] - timedelta(days=each[0])):
            gap = [day for _, day in group]
            attempt = days[gap[0]]
            span = " to ".join(dict.fromkeys((gap[0].isoformat(), gap[-1].isoformat())))
            yield Finding(
                "missing_file",
                f"{source}/{client_id}/{gap[0]}",
                attempt.error or f"no file for {span}",
                f"{source}, client {client_id}, {span}, {attempt.origin}",
                f"ask for the file; once it is there: {_load(source, client_id, gap[0], gap[-1])}; {_settle(attempt)}",
            )


def _still_missing(current: Session, attempt: Attempt) -> list[date]:
    """The days of a failed attempt that no later one has brought."""
    first, last = attempt.covers_from, attempt.covers_to
    if first is None or last is None:
        return []
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    values = {"client_id": attempt.client_id, "first": first, "last": last, "after": attempt.started_at}
    brought = set(current.scalars(text(_BROUGHT_LATER), values | {"source": attempt.source}))
    return [day for day in days if day not in brought]


def _held(current: Session) -> Iterator[Finding]:
    for each in verdicts.held(current):
        reasons = "; ".join(str(failure.get("summary", "")) for failure in each.failures)
        yield Finding(
            "failed_check",
            f"{each.source}/{each.client_id}/{each.delivery_id}",
            f"a delivery is held: {reasons}",
            f"{each.source}, client {each.client_id}, delivery {each.delivery_id}",
            f'have it delivered again, or, if it is right: paidmedia release {each.delivery_id} --why "…"',
        )


def _stale(current: Session, known: Known) -> Iterator[Finding]:
    active = set(current.scalars(text("select client_id from control.clients where is_active")))
    for each in monitor.overview(current):
        if each.client_id in active and each.state.startswith("stale"):
            late_after = known[each.source].late_after_days
            yield Finding(
                "stale_source",
                f"{each.source}/{each.client_id}",
                f"nothing newer than {each.last_day} has come; {late_after} days are usual",
                f"{each.source}, client {each.client_id}",
                "see paidmedia status for what was tried, and whether Dagster's schedules run",
            )


def _without_rate(current: Session) -> Iterator[Finding]:
    for row in current.execute(text(_WITHOUT_RATE)):
        yield Finding(
            "missing_cpm_rate",
            row.client_id,
            f"{row.days} delivered days have no CPM rate, so they have no spend",
            f"client {row.client_id}, {row.first_day} to {row.last_day}",
            f"paidmedia cpm set {row.client_id} RATE --from {row.first_day}",
        )


def _waiting_for_reports(current: Session, known: Known) -> Iterator[Finding]:
    asked = next((each for each in known.values() if each.transport == sources.REPORT_API), None)
    row = current.execute(text(_WAITING), {"now": datetime.now(UTC)}).one()
    if asked is not None and row.clients:
        yield Finding(
            "vibe_budget_exhausted",
            asked.name,
            f"the hour's reports are used up; {row.clients} wait since {row.since:%H:%M} UTC",
            asked.name,
            f"nothing: they go on by themselves; if it comes every day, load fewer days at once or ask {asked.title}"
            " for more",
        )


def _days_of(attempt: Attempt) -> str:
    if attempt.covers_from is None:
        return ""
    return ", " + " to ".join(str(day) for day in dict.fromkeys((attempt.covers_from, attempt.covers_to)))


def _again(attempt: Attempt, known: Known) -> str:
    if known[attempt.source].is_uploaded:
        return f"paidmedia upload FILE --client {attempt.client_id}"
    if attempt.covers_from is None or attempt.covers_to is None:
        return "load the day again"
    return _load(attempt.source, attempt.client_id, attempt.covers_from, attempt.covers_to)


def _load(source: str, client_id: str, first: date, last: date) -> str:
    return f"paidmedia load {source} --from {first} --to {last} --client {client_id}"


def _settle(attempt: Attempt) -> str:
    return SETTLE.format(id=attempt.short_id)


_BROUGHT_LATER = """
    select declared.date
    from ledger.delivery_days as declared
    inner join control.ingestion_runs as later on declared.delivery_id = later.delivery_id
    where
        declared.source = :source
        and declared.client_id = :client_id
        and declared.date between :first and :last
        and later.source = :source
        and later.client_id = :client_id
        and later.started_at > :after
        and later.status in ('loaded', 'duplicate', 'held')
"""

# Client by client, so that only the days before the first rate are looked at.
_WITHOUT_RATE = """
    select client_id, min(date) as first_day, max(date) as last_day, count(distinct date) as days
    from (
        select
            clients.client_id,
            coalesce(
                (
                    select min(rates.effective_date) from control.client_cpm_rates as rates
                    where rates.client_id = clients.client_id
                ),
                'infinity'
            ) as rated_from
        from control.clients as clients
    ) as clients
    cross join lateral (
        select date
        from ledger.current_days as given
        where
            given.client_id = clients.client_id
            and given.date >= (select first_open_day from ledger.horizon)
            and given.date < clients.rated_from
            and given.accepted_rows > 0
        offset 0
    ) as unpriced
    group by client_id
    order by client_id
"""

# Who is a minute late to look has gone, and waits no longer.
_WAITING = """
    select string_agg(distinct client_id, ', ' order by client_id) as clients, min(waits_since) as since
    from control.vibe_queue
    where looks_at > :now - interval '1 minute'
"""
