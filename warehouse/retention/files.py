"""Files of the archive: rows of Postgres as Parquet, written batch by batch, read back and compared with the rows.

query → COPY → Arrow batches → temporary file → read back and compared → fsync → final name
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq
from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.errors import PaidMediaError

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
    """A file of the archive; `totals` are those of its rows."""

    path: Path
    sha256: str
    size_bytes: int
    totals: Totals


def archive(current: Session, table: str, where: str, measures: Sequence[str], path: Path) -> ArchivedFile:
    """Write the rows of a table that fulfil `where` to `path`, in whose place an earlier file may be.

    To be called with the rows locked against change. The file has its name only when what was read back from it has the
    totals of the rows. Raises `PaidMediaError` where it has not.
    """
    schema = schema_of(current, table)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in path.parent.glob(
        f".{path.name}-*"
    ):  # by a process that was killed; the caller's lock keeps others away
        left.unlink()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(name)
    try:
        query = f"select {', '.join(schema.names)} from {table} where {where}"  # noqa: S608 – names are ours
        with os.fdopen(descriptor, "wb") as out:
            _write(current, query, schema, out)
            out.flush()
            os.fsync(out.fileno())
        found = totals_of_file(temporary, measures)
        _compare(found, totals_of_rows(current, table, where, measures), path)
        archived = ArchivedFile(path, _sha256(temporary), temporary.stat().st_size, found)
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
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


def _compare(found: Totals, expected: Totals, path: Path) -> None:
    if found == expected:
        return
    differing = [
        f"{name}: {expected.sums[name]} in {expected.known[name]} rows, {found.sums[name]} in {found.known[name]}"
        for name in expected.sums
        if (expected.sums[name], expected.known[name]) != (found.sums[name], found.known[name])
    ]
    where = "; ".join([f"{expected.rows} rows, {found.rows} in the file", *differing])
    raise PaidMediaError(f"{path.name} does not hold what it should; nothing is dropped", where=where, fix="try again")


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


def _sync_folder(folder: Path) -> None:
    """So that the new name outlives a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
