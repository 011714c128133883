"""The sources as rooms below the loaders know them: `control.sources`, which the registry of the loaders fills.

loaders/sources/ → `paidmedia db migrate`, and each preparing of raw tables → `control.sources` → everybody else
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, fields

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from warehouse.control import KnownSource
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

OBJECT_STORE, REPORT_API, UPLOAD = "object_store", "report_api", "upload"
KEPT_SECONDS = 60.0


@dataclass(frozen=True)
class SourceRecord:
    """One source: see `KnownSource`. Its rows are in `raw_<name>.<row_table>`."""

    name: str
    title: str
    position: int
    row_table: str
    transport: str
    client_settings: tuple[str, ...]
    late_after_days: int
    set_up: str

    @property
    def is_uploaded(self) -> bool:
        """Whether people bring it; all others are loaded by day."""
        return self.transport == UPLOAD


def write(current: Session, records: Iterable[SourceRecord]) -> None:
    """Enter sources or bring them up to date. One that is no longer among them stays: its numbers do."""
    known = {each.name: each for each in listed(current)}
    for record in records:
        if known.get(record.name) != record:
            values = {each.name: getattr(record, each.name) for each in fields(record)}
            values["client_settings"] = list(record.client_settings)
            statement = insert(KnownSource).values(**values)
            current.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def listed(current: Session) -> tuple[SourceRecord, ...]:
    """Every source, in the order in which people see them."""
    rows = current.scalars(select(KnownSource).order_by(KnownSource.position, KnownSource.name))
    return tuple(_record(row) for row in rows)


def names(current: Session) -> tuple[str, ...]:
    """The names of all sources, in the same order."""
    return tuple(each.name for each in listed(current))


def get(current: Session, name: str) -> SourceRecord:
    """The source of a name. Raises `PaidMediaError` that lists the known ones."""
    known = {each.name: each for each in listed(current)}
    if name not in known:
        fix = f"one of {', '.join(known)}; after a new file in loaders/sources: paidmedia db migrate"
        raise PaidMediaError(f"unknown source {name!r}", fix=fix)
    return known[name]


def known(settings: Settings | None = None) -> tuple[SourceRecord, ...]:
    """The same as `listed`, for readers that ask at every line: one question a minute and database.

    Raises `PaidMediaError` where the database does not know of sources yet.
    """
    settings = settings or get_settings()
    url = str(database.engine(settings).url)
    read_at, found = _kept.get(url, (0.0, ()))
    if not found or time.monotonic() - read_at > KEPT_SECONDS:
        with database.session(settings) as current:
            if not database.relation_exists(current, "control.sources"):
                raise PaidMediaError("the database is of another version", fix="paidmedia db migrate")
            found = listed(current)
        _kept[url] = time.monotonic(), found
    return found


_kept: dict[str, tuple[float, tuple[SourceRecord, ...]]] = {}


def _record(row: KnownSource) -> SourceRecord:
    values = {each.name: getattr(row, each.name) for each in fields(SourceRecord)}
    return SourceRecord(**values | {"client_settings": tuple(row.client_settings)})
