"""Files of the archive: rows of Postgres as Parquet, written batch by batch, read back and compared with the rows.

query → COPY → Arrow batches → draft → read back and compared → its key in the archive → compared by its sha256
"""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq
from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.errors import PaidMediaError
from warehouse.storage.place import Place

BATCH_BYTES = 8 * 2**20  # of CSV, about 60,000 rows of the fact: what is in memory at a time
EXACT = Context(prec=100)
_TYPES = {
    "text": pa.string(),
    "character varying": pa.string(),
    "jsonb": pa.string(),
    "date": pa.date32(),
    "bigint": pa.int64(),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True)
class Totals:
    """How many rows there are, and of each measure the exact sum (None without any) and how many rows have it."""

    rows: int
    sums: dict[str, Decimal | None]
    known: dict[str, int]

    @property
    def record(self) -> dict[str, Any]:
        """As JSON: measure → its sum as text, and the rows that have it."""
        return {
            name: {"sum": None if total is None else f"{total:f}", "rows": self.known[name]}
            for name, total in self.sums.items()
        }


@dataclass(frozen=True)
class ArchivedFile:
    """A file of the archive, by its key there; `totals` are those of its rows."""

    key: str
    sha256: str
    size_bytes: int
    totals: Totals


def archive(current: Session, table: str, where: str, measures: Sequence[str], place: Place, key: str) -> ArchivedFile:
    """Write the rows of a table that fulfil `where` to a file of the archive, in whose place an earlier one may be.

    To be called with the rows locked against change. The file has its key only when what was read back from it has the
    totals of the rows. Raises `PaidMediaError` where it has not, or where the archive then holds other bytes.
    """
    schema = schema_of(current, table)
    place.remove_drafts(key)  # of a process that was killed; the caller's lock keeps others away
    with place.draft(key) as draft:
        query = f"select {', '.join(schema.names)} from {table} where {where}"  # noqa: S608 – names are ours
        with draft.open("wb") as out:
            _write(current, query, schema, out)
        found = totals_of_file(draft, measures)
        _compare(found, totals_of_rows(current, table, where, measures), key)
        archived = ArchivedFile(key, _sha256(draft), draft.stat().st_size, found)
        place.keep(draft, key)
    if (arrived := _sha256_in(place, key)) != archived.sha256:
        where = f"{place.where(key)}: sha256 {arrived}, not {archived.sha256}"
        raise PaidMediaError(
            f"{key} did not arrive as it was written; nothing is dropped", where=where, fix="try again"
        )
    return archived


def schema_of(current: Session, table: str) -> pa.Schema:
    """The columns of a table as Arrow fields. A number without a scale is a ratio, which sums give again: left out.

    Raises `PaidMediaError` for a type that the archive could not keep exactly.
    """
    query = """
        select attname, format_type(atttypid, atttypmod) as kind
        from pg_attribute
        where attrelid = to_regclass(:table) and attnum > 0 and not attisdropped
        order by attnum
    """
    fields = []
    columns: list[tuple[str, str]] = [(row.attname, row.kind) for row in current.execute(text(query), {"table": table})]
    for name, kind in columns:
        scaled = re.fullmatch(r"numeric\((\d+),(\d+)\)", kind)
        if scaled:
            fields.append(pa.field(name, pa.decimal128(*map(int, scaled.groups()))))
        elif kind in _TYPES:
            fields.append(pa.field(name, _TYPES[kind]))
        elif kind != "numeric":
            raise PaidMediaError(f"the archive does not know the type {kind}", where=f"{table}.{name}")
    return pa.schema(fields)


def totals_of_rows(current: Session, table: str, where: str, measures: Sequence[str]) -> Totals:
    """The totals of the rows of a table that fulfil `where`."""
    terms = ", ".join(f"sum({name}), count({name})" for name in measures)
    query = f"select count(*), {terms} from {table} where {where}"  # noqa: S608 – names are ours
    rows, *values = cast(tuple[Any, ...], current.execute(text(query)).one())
    sums = {name: None if total is None else Decimal(total) for name, total in zip(measures, values[::2], strict=True)}
    return Totals(rows, sums, dict(zip(measures, values[1::2], strict=True)))


def totals_of_file(path: Path, measures: Sequence[str]) -> Totals:
    """The totals of a file's rows, read batch by batch."""
    rows, known = 0, dict.fromkeys(measures, 0)
    sums: dict[str, Decimal | None] = dict.fromkeys(measures)
    with pq.ParquetFile(path) as file, localcontext(EXACT):
        for batch in file.iter_batches(columns=list(measures)):
            rows += batch.num_rows
            for name in measures:
                column = batch.column(name)
                known[name] += len(column) - column.null_count
                total = pc.sum(column).as_py()
                if total is not None:
                    sums[name] = (sums[name] or Decimal(0)) + Decimal(total)
    return Totals(rows, sums, known)


def _compare(found: Totals, expected: Totals, key: str) -> None:
    if found == expected:
        return
    differing = [
        f"{name}: {expected.sums[name]} in {expected.known[name]} rows, {found.sums[name]} in {found.known[name]}"
        for name in expected.sums
        if (expected.sums[name], expected.known[name]) != (found.sums[name], found.known[name])
    ]
    where = "; ".join([f"{expected.rows} rows, {found.rows} in the file", *differing])
    raise PaidMediaError(
        f"{PurePath(key).name} does not hold what it should; nothing is dropped", where=where, fix="try again"
    )


def _write(current: Session, query: str, schema: pa.Schema, out: BinaryIO) -> None:
    with pq.ParquetWriter(out, schema, compression="zstd") as writer, _copied(current, query) as rows:
        if not rows.peek(1):
            return
        reader = csv.open_csv(
            rows,
            read_options=csv.ReadOptions(column_names=schema.names, block_size=BATCH_BYTES),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )
        for batch in reader:
            writer.write_batch(batch)


@contextmanager
def _copied(current: Session, query: str) -> Iterator[Any]:
    """What COPY says of a query, as a stream. Raises what ended the COPY, if that was not the reader."""
    cursor: Any = current.connection().connection.cursor()
    read_end, write_end = os.pipe()

    def copy() -> None:
        with os.fdopen(write_end, "wb") as sink:
            cursor.copy_expert(f"copy ({query}) to stdout (format csv)", sink)

    with ThreadPoolExecutor(max_workers=1) as executor:
        copying = executor.submit(copy)
        with os.fdopen(read_end, "rb") as rows:
            yield rows
        copying.result()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_in(place: Place, key: str) -> str:
    found = hashlib.sha256()
    for chunk in place.read(key):
        found.update(chunk)
    return found.hexdigest()
