"""The delivery ledger: what is written about a delivery, and the decisions that depend on earlier ones. Pure.

A delivery declares days. Which one gives a day, `ledger.current_days` says; nothing is ever changed or deleted, and
these rules decide only whether a delivery is taken at all.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain

import pyarrow as pa

from loaders.errors import LoadRefused
from loaders.files.columns import MEASURES
from loaders.files.reading import Reading
from loaders.files.schema import DELIVERIES, DELIVERY_DAYS, REJECTS, TOTAL, tables
from warehouse.deliveries.landing import LandedFile

SHOWN_DAYS = 5


@dataclass(frozen=True)
class Delivery:
    """Who delivered what and when. `as_of` is when the source produced it, `delivered_at` when it arrived, UTC."""

    delivery_id: str
    source: str
    client_id: str
    origin: str
    landed: LandedFile
    fingerprint: str
    as_of: datetime
    delivered_at: datetime
    dagster_run_id: str | None = None


@dataclass(frozen=True)
class KnownDelivery:
    """A whole delivery in raw. The one of the greatest `precedence` gives a day."""

    delivery_id: str
    precedence: str
    days: frozenset[date]


@dataclass(frozen=True)
class Claim:
    """One day that a whole delivery declares, with the day's totals. `verdict` is 'pending' until it was judged."""

    delivery_id: str
    precedence: str
    covers_to: date
    verdict: str
    date: date
    totals: dict[str, Decimal | None]


def new_delivery_id(source: str, client_id: str, at: datetime) -> str:
    """A name that people can read out: source, client, time of arrival, and four random bytes."""
    return f"{source}-{client_id}-{at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def find_duplicate(
    same_bytes: Sequence[KnownDelivery],
    claims: Iterable[Claim],
    *,
    requested_days: Sequence[date] | None,
    always: bool,
) -> KnownDelivery | None:
    """The delivery that already brought these bytes, if taking them again would change nothing.

    `same_bytes` are earlier deliveries of the same bytes read in the same way. One that a newer delivery has since
    covered, even by one day, is no duplicate: the source went back to what it said before. A newer one that is held
    counts as well, because this delivery replaces it. `always`: an upload of which nobody says that it supersedes.
    """
    held_back = list(claims)
    for known in sorted(same_bytes, key=lambda each: each.precedence, reverse=True):
        if requested_days is not None and known.days != frozenset(requested_days):
            continue
        newer = any(claim.date in known.days and claim.precedence > known.precedence for claim in held_back)
        if always or not newer:
            return known
    return None


def refuse_older_export(filename: str, days: pa.Table, covers_to: date, claims: Iterable[Claim]) -> None:
    """Raise `LoadRefused` for an upload that may be an old file, naming the days and the differences.

    It may be one when it ends before the end of the newest delivery of some of its days, and says otherwise about
    them. One that waits for its verdict counts, for it is about to give its days (`ledger.current_days` has them once
    it does); a held one does not.
    """
    newest: dict[date, Claim] = {}
    for claim in claims:
        current = newest.get(claim.date)
        if claim.verdict != "held" and (current is None or claim.precedence > current.precedence):
            newest[claim.date] = claim
    differences: list[str] = []
    latest = covers_to
    for row in days.to_pylist():
        known = newest.get(row["date"])
        if known is None or known.covers_to <= covers_to:
            continue
        measure = next((name for name in MEASURES if known.totals[name] != row[name]), None)
        if measure is not None:
            latest = max(latest, known.covers_to)
            old, new = known.totals[measure], row[measure]
            differences.append(f"{row['date']}: {measure.replace('_', ' ')} {_shown(old)} → {_shown(new)}")
    if differences:
        more = len(differences) - SHOWN_DAYS
        where = "; ".join(differences[:SHOWN_DAYS]) + (f"; {more} more days" if more > 0 else "")
        raise LoadRefused(
            f"{filename} ends on {covers_to} and differs from a loaded export up to {latest}: it may be an old file",
            where=where,
            fix="upload it with --supersede if it is the newer one, with --as-of TIME if it is the older one",
        )


def day_totals(delivery: Delivery, reading: Reading) -> pa.Table:
    """One row per declared day: the totals of its accepted rows, zeros for an empty day, null for an absent measure."""
    parts = []
    for rows in reading.rows.batches(("date", *MEASURES)):
        totals = {name: rows.column(name).cast(TOTAL) for name in MEASURES}
        grouped = pa.table({"date": rows.column("date"), **totals}).group_by("date")
        parts.append(grouped.aggregate([("date", "count"), *((name, "sum") for name in MEASURES)]))
    grouped = pa.concat_tables(parts).group_by("date")
    sums = grouped.aggregate([("date_count", "sum"), *((f"{name}_sum", "sum") for name in MEASURES)])
    by_day = {row["date"]: row for row in sums.to_pylist()}
    records = []
    for day in reading.days:
        found = by_day.get(day, {})
        present = {name: found.get(f"{name}_sum_sum") or Decimal(0) for name in reading.totals.present}
        records.append(
            {
                "delivery_id": delivery.delivery_id,
                "client_id": delivery.client_id,
                "date": day,
                "rows": found.get("date_count_sum", 0),
                **{name: present.get(name) for name in MEASURES},
            }
        )
    return pa.Table.from_pylist(records, schema=tables("")[DELIVERY_DAYS])


def package(deliveries: Sequence[tuple[Delivery, Reading]], row_table: str) -> dict[str, Iterator[pa.Table]]:
    """Everything that is written for some deliveries of a source, by table, batch by batch."""
    schemas = tables(row_table)
    records = [_record(delivery, reading) for delivery, reading in deliveries]
    return {
        row_table: chain.from_iterable(_rows(delivery, reading) for delivery, reading in deliveries),
        DELIVERIES: iter([pa.Table.from_pylist(records, schema=schemas[DELIVERIES])]),
        DELIVERY_DAYS: (day_totals(delivery, reading) for delivery, reading in deliveries),
        REJECTS: (_rejects(delivery, reading) for delivery, reading in deliveries),
    }


def _rows(delivery: Delivery, reading: Reading) -> Iterator[pa.Table]:
    reading.rows.constants["delivery_id"] = delivery.delivery_id
    return reading.rows.batches()


def _rejects(delivery: Delivery, reading: Reading) -> pa.Table:
    records = [
        {
            "delivery_id": delivery.delivery_id,
            "source_row": reject.source_row,
            "column_name": reject.column_name,
            "value": reject.value,
            "reason": reject.reason,
            "row_values": reject.row_values,
        }
        for reject in reading.rejects
    ]
    return pa.Table.from_pylist(records, schema=tables("")[REJECTS])


def _record(delivery: Delivery, reading: Reading) -> dict[str, object]:
    return {
        "delivery_id": delivery.delivery_id,
        "client_id": delivery.client_id,
        "source": delivery.source,
        "origin": delivery.origin,
        "landed_path": delivery.landed.path,
        "sha256": delivery.landed.sha256,
        "size_bytes": delivery.landed.size_bytes,
        "mapping_fingerprint": delivery.fingerprint,
        "as_of": delivery.as_of,
        "delivered_at": delivery.delivered_at,
        "covers_from": reading.days[0] if reading.days else None,
        "covers_to": reading.days[-1] if reading.days else None,
        **reading.totals.record(),
        "warnings": reading.warnings_json,
        "dagster_run_id": delivery.dagster_run_id,
    }


def _shown(value: Decimal | None) -> str:
    return "none" if value is None else f"{value.normalize():,f}"
