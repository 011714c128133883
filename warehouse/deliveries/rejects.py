"""Rejected rows: which deliveries have some, what is wrong with them, and the way back for a corrected file.

The file with its rows marked is made in `loaders.corrections`, which can read every form of it.
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
from warehouse.deliveries.replacement import REPLACED_DAYS
from warehouse.errors import PaidMediaError
from warehouse.postgres.database import relation_exists

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
        return PurePath(self.origin if self.transport == known_sources.OBJECT_STORE else self.landed_path).name

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
) -> list[RejectingDelivery]:
    """The newest whole deliveries with rejected rows, newest first: of these clients and sources (None: all)."""
    parts = [
        _DELIVERIES.format(source=source, declared=REPLACED_DAYS.format(source=source))
        for source in known_sources.names(current)
        if (sources is None or source in sources) and relation_exists(current, f"raw_{source}.deliveries")
    ]
    if not parts:
        return []
    found = " union all ".join(f"({part})" for part in parts)
    query = f"select * from ({found}) as found order by delivered_at desc, delivery_id limit :limit"  # noqa: S608
    parameters = {
        "any_client": client_ids is None,
        "client_ids": list(client_ids or ()),
        "any_delivery": delivery_id is None,
        "delivery_id": delivery_id,
        "limit": limit,
    }
    return [RejectingDelivery(**row) for row in current.execute(text(query), parameters).mappings()]


def delivery(current: Session, delivery_id: str, *, client_ids: Sequence[str] | None = None) -> RejectingDelivery:
    """One delivery with rejected rows. Raises `PaidMediaError` where these clients have none of this name."""
    found = deliveries(current, client_ids=client_ids, delivery_id=delivery_id.strip())
    if not found:
        raise PaidMediaError(
            f"no delivery {delivery_id!r} with rejected rows", fix="paidmedia rejects lists those that have some"
        )
    return found[0]


def rows(current: Session, of: RejectingDelivery) -> list[Reject]:
    """The rejected rows of a delivery, in the order of the file."""
    query = f"""
        select distinct on (source_row) source_row, column_name, value, reason
        from raw_{of.source}.rejects
        where delivery_id = :delivery_id
        order by source_row
    """  # noqa: S608 – the source is one of ours
    return [Reject(**row) for row in current.execute(text(query), {"delivery_id": of.delivery_id}).mappings()]


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
    select
        deliveries.delivery_id, deliveries.source, sources.title, sources.transport, deliveries.client_id,
        deliveries.origin, deliveries.landed_path,
        deliveries.sha256, deliveries.as_of, deliveries.delivered_at, deliveries.covers_from, deliveries.covers_to,
        deliveries.rows_read, deliveries.rows_rejected, declared.days, declared.replaced_days
    from raw_{source}.deliveries as deliveries
    inner join raw_{source}._dlt_loads as loads on deliveries._dlt_load_id = loads.load_id and loads.status = 0
    inner join control.sources as sources on deliveries.source = sources.name
    cross join lateral {declared} as declared
    where
        deliveries.rows_rejected > 0
        and (:any_client or deliveries.client_id = any(:client_ids))
        and (:any_delivery or deliveries.delivery_id = :delivery_id)
    order by deliveries.delivered_at desc, deliveries.delivery_id
    limit :limit
"""
