"""How a day of a client came to be what it is: the story that the mart `metric_restatements` tells, source by source.

deliveries and rates → (dbt) marts.metric_restatements → what changed, when and why, and whether it adds up

Only questions belong here; what `paidmedia explain` prints is in `warehouse.cli.explain`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.control import lookup
from warehouse.control import sources as known_sources
from warehouse.deliveries import verdicts
from warehouse.deliveries.filenames import filename_of
from warehouse.errors import PaidMediaError
from warehouse.months import utc_today
from warehouse.postgres.database import relation_exists

MEASURES = ("impressions", "clicks", "conversions", "conversion_revenue", "spend", "reported_spend")
MART = "marts.metric_restatements"
HISTORIES = "intermediate.int_source_days__retraced"
SHORT_ID = 8  # the last hex digits of a delivery's name, which is otherwise source, client and time

Values = dict[str, int | Decimal | None]  # by measure; None is unknown


@dataclass(frozen=True)
class Change:
    """One cause of one step: how much each measure changed, and what the day was after the step. Times are UTC.

    `filename` is the delivered file's, None where the ledger names none.
    """

    step: int
    changed_at: datetime
    cause: str
    delivery_id: str
    previous_delivery_id: str | None
    filename: str | None
    cpm: Decimal | None
    changes: Values
    after: Values

    @property
    def short_id(self) -> str:
        """The end of the delivery's name, which tells it from others of the day."""
        return self.delivery_id[-SHORT_ID:]


@dataclass(frozen=True)
class SourceDay:
    """A source's day: its changes, oldest first, and what it is in the end.

    `total` is what `daily_metrics` says now or, as of an earlier time, what the day was after the last change.
    """

    source: str
    currency: str
    changes: list[Change]
    total: Values

    @property
    def sums(self) -> Values:
        """What the changes add up to."""
        return {name: sum((each.changes[name] or 0 for each in self.changes), 0) for name in MEASURES}

    @property
    def adds_up(self) -> bool:
        """Whether the changes are exactly what the day is; what is unknown counts as zero."""
        return all(self.sums[name] == (self.total[name] or 0) for name in MEASURES)


@dataclass(frozen=True)
class Explanation:
    """A client's day.

    `due` are the sources of which deliveries or rates are known that no build has published; `held` and `waiting` the
    deliveries that nobody has released, or that nobody has judged.
    """

    client_id: str
    day: date
    as_of: datetime | None
    sources: list[SourceDay]
    due: list[str]
    held: list[str]
    waiting: list[str]


def explain(
    current: Session, client_id: str, day: date, *, source: str | None = None, as_of: datetime | None = None
) -> Explanation:
    """What each source of a day was as first delivered, and every change since; up to `as_of`, if it is given.

    Raises `PaidMediaError` for an unknown client or source, a day to come, and where nothing is there to be told.
    """
    client = lookup.get_client(current, client_id)
    chosen = known_sources.names(current) if source is None else (known_sources.get(current, source).name,)
    if day > utc_today():
        raise PaidMediaError(f"{day} is still to come", fix="name a day that is over")
    if not (relation_exists(current, MART) and relation_exists(current, HISTORIES)):
        raise PaidMediaError("nothing was built yet", fix="paidmedia build")
    asked = {"client_id": client_id, "day": day, "sources": list(chosen)}
    held, waiting = _open_deliveries(current, asked)
    due = set(current.scalars(text(_DUE), asked))
    rows = [dict(row) for row in current.execute(text(_CHANGES), asked).mappings()]
    known = [row for row in rows if as_of is None or row["changed_at"] <= as_of]
    if not known:
        raise _nothing(client_id, day, as_of, rows, held, waiting, due)
    files = _filenames(current, {row["delivery_id"] for row in known})
    now = {row["source"]: _values(dict(row)) for row in current.execute(text(_NOW), asked).mappings()}
    sources = []
    for name, group in groupby(known, key=lambda row: str(row["source"])):
        changes = [_change(row, files) for row in group]
        total = changes[-1].after if as_of is not None else now.get(name, dict.fromkeys(MEASURES, 0))
        sources.append(SourceDay(name, client.currency, changes, total))
    return Explanation(client_id, day, as_of, sources, sorted(due), held, waiting)


def _nothing(
    client_id: str,
    day: date,
    as_of: datetime | None,
    rows: Sequence[Mapping[str, Any]],
    held: Sequence[str],
    waiting: Sequence[str],
    due: set[str],
) -> PaidMediaError:
    """Why there is nothing to tell."""
    if rows and as_of is not None:
        first = min(row["changed_at"] for row in rows)
        return PaidMediaError(
            f"nothing of {day} was known at {as_of:%Y-%m-%d %H:%M}",
            where=f"its first delivery counts from {first:%Y-%m-%d %H:%M:%S} UTC",
            fix="name a later time",
        )
    if waiting or due:
        return PaidMediaError(f"what was delivered for {client_id} on {day} is not built yet", fix="paidmedia build")
    if held:
        return PaidMediaError(
            f"what was delivered for {client_id} on {day} is held", where=held[0], fix="paidmedia release DELIVERY"
        )
    return PaidMediaError(
        f"nothing was delivered for {client_id} on {day}", fix="paidmedia status shows the last day of each source"
    )


def _open_deliveries(current: Session, asked: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Deliveries of the day that are held and could give it, and those without a verdict."""
    found = list(current.execute(text(_OPEN), asked))
    still_held = {each.delivery_id for each in verdicts.held(current)} if found else set()
    held = [row.delivery_id for row in found if row.verdict == "held" and row.delivery_id in still_held]
    return held, [row.delivery_id for row in found if row.verdict == "pending"]


def _filenames(current: Session, delivery_ids: set[str]) -> dict[str, str]:
    """Delivery → the name of its file, without folders."""
    rows = current.execute(text(_FILES), {"delivery_ids": list(delivery_ids)})
    return {
        row.delivery_id: filename_of(row.source, row.transport, row.origin, row.covers_from, row.covers_to)
        for row in rows
        if row.transport and row.origin
    }


def _change(row: Mapping[str, Any], files: Mapping[str, str]) -> Change:
    given = {name: row[name] for name in ("step", "changed_at", "cause", "delivery_id", "previous_delivery_id", "cpm")}
    changes: Values = {name: row[f"{name}_change"] for name in MEASURES}
    return Change(**given, filename=files.get(row["delivery_id"]), changes=changes, after=_values(row))


def _values(row: Mapping[str, Any]) -> Values:
    return {name: row.get(name) for name in MEASURES}


_OF_THE_DAY = "client_id = :client_id and date = :day and source = any(:sources)"

_CHANGES = f"select * from {MART} where {_OF_THE_DAY} order by source, step, cause"  # noqa: S608 – the names are ours

_NOW = f"""
    select
        source,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(conversions) as bigint) as conversions,
        sum(conversion_revenue) as conversion_revenue,
        case when count(spend) = count(*) then sum(spend) end as spend,
        sum(reported_spend) as reported_spend
    from marts.daily_metrics
    where {_OF_THE_DAY}
    group by source
"""  # noqa: S608

_DUE = f"""
    select source
    from (select * from {HISTORIES} where {_OF_THE_DAY}) as known
    full outer join (select * from intermediate.int_restated_days__published where {_OF_THE_DAY}) as published
        using (source)
    where known.history_id is distinct from published.history_id
"""  # noqa: S608

_OPEN = f"""
    select delivery_id, verdict
    from ledger.delivery_days
    where {_OF_THE_DAY} and verdict in ('held', 'pending')
    order by delivered_at, delivery_id
"""  # noqa: S608

_FILES = """
    select delivery_id, source, transport, origin, covers_from, covers_to
    from ledger.deliveries
    where delivery_id = any(:delivery_ids)
"""
