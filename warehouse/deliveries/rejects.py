"""Rejected rows: which deliveries have some, what is wrong with them, and the way back for a corrected file.

The file with its rows marked is made in `loaders.files.corrections`, which can read every form of it.
"""

import csv
import io
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePath

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.control import sources as known_sources
from warehouse.deliveries.filenames import filename_of
from warehouse.errors import PaidMediaError
from warehouse.ledger import EVERYTHING, Ledger

CORRECTED = "-corrected"


@dataclass(frozen=True)
class RejectingDelivery:
    """One delivery some of whose rows were rejected. Times are UTC; `title` and `transport` are its source's.

    `days` are those that it declares, `replaced_days` those of them that a newer delivery gives now.
    """

    delivery_id: str
    source: str
    title: str
    transport: str
    client_id: str
    origin: str
    landed_path: str
    sha256: str
    as_of: datetime
    delivered_at: datetime
    covers_from: date | None
    covers_to: date | None
    rows_read: int
    rows_rejected: int
    days: int
    replaced_days: int

    @property
    def filename(self) -> str:
        """The name of the delivered file, without folders."""
        return filename_of(self.source, self.transport, self.origin, self.covers_from, self.covers_to)

    @property
    def corrected_name(self) -> str:
        """A name for the corrected file, one that the pattern of a bucket's files still matches."""
        stem = PurePath(self.filename).stem
        return f"{stem.removesuffix(CORRECTED)}{CORRECTED}.csv"

    @property
    def is_replaced(self) -> bool:
        """Whether newer deliveries give all its days, so that its rejected rows are missed nowhere."""
        return 0 < self.days == self.replaced_days


@dataclass(frozen=True)
class Reject:
    """One rejected row: its number as a spreadsheet shows it, its first wrong cell, and why it cannot be used."""

    source_row: int
    column_name: str
    value: str
    reason: str


@dataclass(frozen=True)
class WayBack:
    """What to do with the corrected file, and the command for it; None where no command can bring it."""

    advice: str
    command: str | None


def deliveries(
    current: Session,
    *,
    client_ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    delivery_id: str | None = None,
    limit: int = 100,
    of: Ledger = EVERYTHING,
) -> list[RejectingDelivery]:
    """The newest whole deliveries with rejected rows, newest first: of these clients and sources (None: all)."""
    query = _DELIVERIES.format(**vars(of))
    parameters = {
        "any_source": sources is None,
        "sources": list(sources or ()),
        "any_client": client_ids is None,
        "client_ids": list(client_ids or ()),
        "any_delivery": delivery_id is None,
        "delivery_id": delivery_id,
        "limit": limit,
    }
    return [RejectingDelivery(**row) for row in current.execute(text(query), parameters).mappings()]


def delivery(current: Session, delivery_id: str, *, of: Ledger = EVERYTHING) -> RejectingDelivery:
    """One delivery with rejected rows. Raises `PaidMediaError` where there is none of this name."""
    found = deliveries(current, delivery_id=delivery_id.strip(), of=of)
    if not found:
        raise PaidMediaError(
            f"no delivery {delivery_id!r} with rejected rows", fix="paidmedia rejects lists those that have some"
        )
    return found[0]


def rows(current: Session, its: RejectingDelivery, *, of: Ledger = EVERYTHING) -> list[Reject]:
    """The rejected rows of a delivery, in the order of the file."""
    query = f"""
        select distinct on (source_row) source_row, column_name, value, reason
        from {of.rejects}
        where source = :source and delivery_id = :delivery_id
        order by source_row
    """  # noqa: S608 – a name of ours
    asked = {"source": its.source, "delivery_id": its.delivery_id}
    return [Reject(**row) for row in current.execute(text(query), asked).mappings()]


def as_list(rejects: Sequence[Reject]) -> bytes:
    """The rejected rows as a CSV for reading: UTF-8 with a BOM, no cell that a spreadsheet would take for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("Row", "Column", "Value", "Rejected because"))
    for each in rejects:
        cells = (each.column_name, each.value, each.reason)
        writer.writerow((each.source_row, *(harmless(cell) for cell in cells)))
    return out.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that looks like it gets an apostrophe in front."""
    return f"'{cell}" if re.match(r"\s*[=+\-@]|[\t\r]", cell) else cell


def way_back(of: RejectingDelivery, filename: str | None = None) -> WayBack:
    """How the corrected file of a delivery, under its `filename`, replaces it."""
    ways = {
        known_sources.OBJECT_STORE: _into_the_bucket,
        known_sources.REPORT_API: _ask_again,
        known_sources.UPLOAD: _upload,
    }
    return ways[of.transport](of, filename or of.corrected_name)


def _upload(of: RejectingDelivery, filename: str) -> WayBack:
    # Of two that are equally old the later arrival wins a day, and a newer export keeps the days that it restated.
    made_at = of.as_of.astimezone(UTC).replace(tzinfo=None).isoformat()
    return WayBack(
        "Correct the marked rows and upload the whole file, with the time of the export that it corrects: it replaces"
        " that export's days, and none that a newer export has restated since.",
        f"paidmedia upload {shlex.quote(filename)} --client {of.client_id} --as-of {made_at}",
    )


def _into_the_bucket(of: RejectingDelivery, _: str) -> WayBack:
    folder = of.origin.rpartition("/")[0]
    advice = (
        f"Correct the marked rows, put the whole file into the bucket as {folder}/{of.corrected_name}, and load the day"
        " of its name again. It is then the newest file, so all its days come from it"
    )
    if of.replaced_days:
        advice += f"; newer files have restated {of.replaced_days} of its {of.days} days: take the rows of those out"
    return WayBack(f"{advice}.", f"paidmedia load {of.source} --client {of.client_id} --from DATE --to DATE")


def _ask_again(of: RejectingDelivery, _: str) -> WayBack:
    return WayBack(
        f"A {of.title} report cannot be handed in corrected: have it corrected at {of.title}, then ask for these days"
        " again.",
        f"paidmedia load {of.source} --client {of.client_id} --from {of.covers_from} --to {of.covers_to}"
        if of.covers_from
        else None,
    )


_DELIVERIES = """
    with newest as (
        select *
        from {deliveries}
        where
            rows_rejected > 0
            and (:any_source or source = any(:sources))
            and (:any_client or client_id = any(:client_ids))
            and (:any_delivery or delivery_id = :delivery_id)
        order by delivered_at desc, delivery_id
        limit :limit
    )

    select
        newest.delivery_id, newest.source, newest.title, newest.transport, newest.client_id, newest.origin,
        newest.landed_path, newest.sha256,
        newest.as_of, newest.delivered_at, newest.covers_from, newest.covers_to, newest.rows_read, newest.rows_rejected,
        declared.days, declared.replaced_days
    from newest
    cross join lateral (
        select
            count(*) as days,
            count(*) filter (
                where exists (
                    select from {current_days} as given
                    where
                        given.client_id = mine.client_id
                        and given.source = mine.source
                        and given.date = mine.date
                        and given.precedence > mine.precedence
                )
            ) as replaced_days
        from {delivery_days} as mine
        where mine.source = newest.source and mine.delivery_id = newest.delivery_id
    ) as declared
    order by newest.delivered_at desc, newest.delivery_id
"""
