"""One delivered file → typed rows, rejects and totals. Nothing is fetched, stored or decided about other deliveries.

`bytes → cells (tabular) → fields (columns) → values (parsing) → Arrow rows + rejects + totals`
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from loaders.errors import LoadRefused, TooManyRejects
from loaders.files.batches import BatchReader, RejectedRow
from loaders.files.blocks import BlockReader
from loaders.files.cells import Cell, Irregular, Table, brief, listed
from loaders.files.columns import MEASURES, Mapped, SourceColumns, fingerprint, map_columns
from loaders.files.rows import Rows
from loaders.files.schema import row_schema
from loaders.files.tabular import read_table
from loaders.files.totals import Totals


@dataclass(frozen=True)
class Reader:
    """How the files of one client and source are read. `rules` are the client's source settings."""

    spec: SourceColumns
    client_id: str
    currency: str
    rules: Mapping[str, str]
    max_size: int
    max_reject_share: float

    @property
    def fingerprint(self) -> str:
        """Changes when the same bytes would be read as other rows."""
        return fingerprint(self.spec, self.rules, self.currency)


@dataclass(frozen=True)
class Reading:
    """What a file holds. `rows` has every column of the row table, one row per accepted row; `delivery_id` is empty.

    `days` are the days that it declares, ascending. `totals` count rows and measures by fate. `careful_rows` are those
    that were read cell by cell.
    """

    rows: Rows
    rejects: list[RejectedRow]
    totals: Totals
    days: tuple[date, ...]
    warnings: list[str] = field(default_factory=list)
    careful_rows: int = 0

    @property
    def warnings_json(self) -> str:
        """The warnings as a JSON list."""
        return json.dumps(self.warnings, ensure_ascii=False)


def read_delivery(
    data: bytes,
    filename: str,
    reader: Reader,
    *,
    requested_days: tuple[date, ...] | None = None,
    is_careful: bool = False,
) -> Reading:
    """Read one file. `requested_days` are the days that a report was asked for: it declares them all, rows or not.

    `is_careful` reads every row cell by cell, which takes ten times as long and gives the same. Raises `LoadRefused`
    for a file that is not what it should be, or has too large a share of bad rows.
    """
    table = read_table(data, filename, max_size=reader.max_size)
    mapped = map_columns(table.header, reader.spec, reader.rules, client_id=reader.client_id, filename=filename)
    if not is_careful:
        # What cannot be read in blocks is read in batches, which also say why a file is refused.
        with suppress(Irregular, LoadRefused):
            return _read(table, mapped, reader, requested_days, _in_blocks)
    return _read(table, mapped, reader, requested_days, _in_batches)


def _in_blocks(table: Table, careful: BatchReader) -> Iterator[tuple[pa.Table, int]]:
    """Accepted rows, and how many rows were read cell by cell so far."""
    quick = BlockReader(careful)
    for block in table.blocks():
        yield quick.read(block), quick.odd_rows


def _in_batches(table: Table, careful: BatchReader) -> Iterator[tuple[pa.Table, int]]:
    """The same."""
    for batch in table.batches():
        yield careful.read(batch), careful.totals.rows["read"]


def _read(
    table: Table,
    mapped: Mapped,
    reader: Reader,
    requested_days: tuple[date, ...] | None,
    parts_of: Callable[[Table, BatchReader], Iterator[tuple[pa.Table, int]]],
) -> Reading:
    filename = table.filename
    mapped = _one_kind(table, mapped)
    batch_reader = BatchReader(reader.spec, mapped, filename, reader.currency, requested_days)
    rows, accepted, careful_rows = Rows(row_schema()), set[date](), 0
    for part, careful_rows in parts_of(table, batch_reader):  # noqa: B007 – the last one counts
        accepted.update(part.column("date").unique().to_pylist())
        rows.add(part)
    rows.finish()
    totals = batch_reader.totals
    used = totals.rows["read"] - totals.rows["dropped"]
    if used == 0 and requested_days is None:
        besides = " besides the total" if totals.rows["dropped"] else ""
        raise LoadRefused(f"{filename} has no rows{besides}", fix="export days on which something ran")
    _check_rejects(batch_reader.rejects, used, reader.max_reject_share, filename)
    rows.constants["currency"] = _currency(batch_reader, mapped, reader, filename)
    days, unusable = _declared(accepted, batch_reader.rejects, requested_days)
    warnings = [*mapped.warnings, *_compare_total_row(totals)]
    if unusable:
        named = listed(unusable)
        warnings.append(f"every row of {named} was rejected: earlier numbers of that day stay")
    return Reading(rows, batch_reader.rejects, totals, days, warnings, careful_rows)


def _one_kind(table: Table, mapped: Mapped) -> Mapped:
    """Leave conversions empty unless the fallback column counts one kind of result in every row."""
    index = mapped.columns.get("conversions", (-1,))[0]
    if index < 0 or not mapped.is_fallback("conversions"):
        return mapped
    heading = mapped.keys[index]
    if mapped.kind_column is None:
        return mapped.without("conversions", f"{heading!r} has no result type beside it: conversions left empty")
    kinds: set[str] = set()
    for cells in _different_cells(table, mapped.kind_column):
        kinds.update(" ".join(str(cell).split()) for cell in cells)
    kinds.discard("")
    if len(kinds) == 1:
        return mapped
    found = listed(sorted(kinds)) or "none"
    return mapped.without(
        "conversions", f"{heading!r} counts several kinds of results ({found}): conversions left empty"
    )


def _different_cells(table: Table, index: int) -> Iterator[Iterable[Cell]]:
    """Those of one column."""
    try:
        yield from [block.columns[index].cells() for block in table.blocks()]
    except Irregular:
        for batch in table.batches():
            yield set(batch.columns[index])


def _check_rejects(rejects: list[RejectedRow], used: int, max_share: float, filename: str) -> None:
    if not rejects or Decimal(len(rejects)) <= Decimal(str(max_share)) * used:
        return
    first = rejects[0]
    cell = f"{brief(first.column_name)} = {brief(repr(first.value), 60)}"
    where = f"first row {first.source_row}, {cell}: {brief(first.reason, 200)}"
    what = f"{len(rejects):,} of {used:,} rows of {filename} cannot be used"
    raise TooManyRejects(what, where=where, fix="mend the file and send it again, or raise MAX_REJECT_SHARE")


def _currency(batches: BatchReader, mapped: Mapped, reader: Reader, filename: str) -> str | None:
    """The currency that the file states, None if it states none. Raises `LoadRefused` unless it is the client's."""
    stated = {*batches.currencies, *({mapped.heading_currency} if mapped.heading_currency else ())}
    if len(stated) > 1:
        where = listed(sorted(stated))
        raise LoadRefused(f"{filename} mixes currencies", where=where, fix="export one account at a time")
    if not stated:
        if reader.spec.currency and "reported_spend" in mapped.columns:
            fix = "export with the account's currency in the heading, as in Amount spent (USD)"
            raise LoadRefused(f"{filename} does not say in which currency the amounts are", fix=fix)
        return None
    currency: str = next(iter(stated))
    if currency != reader.currency:
        where = f"client {reader.client_id} bills in {reader.currency}"
        fix = "check that this is the client's account"
        raise LoadRefused(f"{filename} has amounts in {brief(currency)}", where=where, fix=fix)
    return currency


def _declared(
    accepted: set[date], rejects: list[RejectedRow], requested: tuple[date, ...] | None
) -> tuple[tuple[date, ...], list[date]]:
    """The days that the file speaks for, and those of which every row was rejected.

    A day whose rows were all rejected is not declared, not even by a report that was asked for it: declaring it would
    replace the earlier numbers of that day by nothing, because of rows that are known to exist.
    """
    unusable = {reject.date for reject in rejects if reject.date is not None} - accepted
    if requested is None:
        return tuple(sorted(accepted)), sorted(unusable)
    return tuple(sorted(set(requested) - unusable)), sorted(unusable & set(requested))


def _compare_total_row(totals: Totals) -> list[str]:
    """A warning that names both numbers where the file's own total row is not the sum of its rows."""
    if not totals.rows["dropped"]:
        return []
    different: list[str] = []
    for measure in MEASURES:
        stated = totals.measures[measure]["dropped"]
        detail = totals.measures[measure]["read"] - stated
        if measure in totals.stated and stated != detail:
            different.append(f"{measure.replace('_', ' ')} {_plain(stated)} against {_plain(detail)}")
    if not different:
        return []
    return [f"the total row differs from the sum of the rows: {', '.join(different)}; it was dropped, the rows count"]


def _plain(value: Decimal) -> str:
    """1234.500000000 → 1,234.5."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def summary(reading: Reading) -> dict[str, Any]:
    """Counts and totals for people: rows by fate, days, measures of the accepted rows (None where absent)."""
    return {
        "rows": dict(reading.totals.rows),
        "days": reading.days,
        "measures": {measure: reading.totals.accepted(measure) for measure in MEASURES},
        "warnings": list(reading.warnings),
    }
