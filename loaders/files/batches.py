"""A batch of cells → Arrow rows and rejects, column by column."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from json.encoder import encode_basestring

import pyarrow as pa

from loaders.errors import LoadRefused
from loaders.files import parsing
from loaders.files.cells import Batch, Cell, brief
from loaders.files.columns import COUNTS, LEVELS, MEASURES, Mapped, SourceColumns
from loaders.files.schema import AMOUNT, row_schema
from loaders.files.totals import Totals

NAMES = tuple(f"{level}_name" for level in LEVELS)
OUTSIDE = "the day lies outside the days asked for"


@dataclass(frozen=True)
class RejectedRow:
    """A row that cannot be used: the first wrong cell, why, and the whole row as JSON. `date` where it is readable."""

    source_row: int
    column_name: str
    value: str
    reason: str
    row_values: str
    date: date | None


@dataclass
class _Problems:
    """By position in the batch: the wrong cells as (field, reason)."""

    found: dict[int, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, position: int, name: str, reason: str) -> None:
        self.found.setdefault(position, []).append((name, reason))


class BatchReader:
    """Reads the batches of one file in turn and remembers what concerns the file as a whole."""

    def __init__(
        self,
        spec: SourceColumns,
        mapped: Mapped,
        filename: str,
        currency: str,
        requested_days: tuple[date, ...] | None,
    ) -> None:
        self.totals = Totals(frozenset(measure for measure in MEASURES if measure in mapped.columns))
        self.rejects: list[RejectedRow] = []
        self.currencies: set[str] = set()
        self.spec, self.mapped, self.currency = spec, mapped, currency
        self.requested = None if requested_days is None else frozenset(requested_days)
        self._filename = filename
        self._total_row: int | None = None

    def read(self, batch: Batch, *, is_counted: bool = False) -> pa.Table:
        """The accepted rows of a batch, `delivery_id` empty. Raises `LoadRefused` for a defect of the whole file.

        `is_counted`: the totals of what was read hold its rows already.
        """
        self._check_synonyms(batch)
        dropped = self._total_rows(batch)
        self._check_periods(batch, dropped)
        problems = _Problems()
        days = self._days(batch, dropped, problems)
        names = self._names(batch, problems)
        measures = self._measures(batch, dropped, problems)
        rejected = {position for position in problems.found if position not in dropped}
        self._reject(batch, rejected, problems, days)
        kept = [p for p in range(len(batch.row_numbers)) if p not in rejected and p not in dropped]
        if self.mapped.currency_column is not None:
            cells = batch.columns[self.mapped.currency_column]
            self.currencies.update(str(cell).strip().upper() for cell in set(cells) if str(cell).strip())
        for measure, values in measures.items():
            if not is_counted:
                self.totals.add(measure, "read", values)
            self.totals.add(measure, "rejected", (values[p] for p in rejected))
            self.totals.add(measure, "dropped", (values[p] for p in dropped))
        self.totals.rows["read"] += 0 if is_counted else len(batch.row_numbers)
        self.totals.rows["rejected"] += len(rejected)
        self.totals.rows["dropped"] += len(dropped)
        rows = self._rows(batch, kept, days, names, measures)
        self.totals.add_accepted(rows)
        return rows

    def _check_synonyms(self, batch: Batch) -> None:
        """Columns with headings of one meaning must agree, or nobody knows which one counts."""
        for indices in self.mapped.columns.values():
            first = indices[0]
            for other in indices[1:]:
                if batch.columns[first] == batch.columns[other]:
                    continue
                for position, (left, right) in enumerate(zip(batch.columns[first], batch.columns[other], strict=True)):
                    if str(left).strip() != str(right).strip():
                        one, two = (brief(repr(self.mapped.keys[index])) for index in (first, other))
                        where = f"row {batch.row_numbers[position]}: {brief(repr(left))} and {brief(repr(right))}"
                        what = f"{self._filename} has {one} and {two} with different values"
                        raise LoadRefused(what, where=where, fix="export with only one of them")

    def _total_rows(self, batch: Batch) -> set[int]:
        """The position of the grand total: the row with no name, and no day where the file has a day column."""
        if not self.spec.has_total_row:
            return set()
        indices = {self.mapped.columns[name][0] for name in NAMES if name in self.mapped.columns}
        if self.mapped.period_end is None:
            indices.add(self.mapped.columns["date"][0])
        columns = [batch.columns[index] for index in sorted(indices)]
        found = {p for p, cell in enumerate(columns[0]) if blank(cell) and all(blank(c[p]) for c in columns)}
        for position in sorted(found):
            row = batch.row_numbers[position]
            if self._total_row is not None:
                where = f"rows {self._total_row} and {row}"
                raise LoadRefused(f"{self._filename} has two total rows", where=where, fix="export without subtotals")
            self._total_row = row
        return found

    def _check_periods(self, batch: Batch, dropped: set[int]) -> None:
        """Without a day column every row must begin and end on the same day."""
        if self.mapped.period_end is None:
            return
        starts, ends = batch.columns[self.mapped.columns["date"][0]], batch.columns[self.mapped.period_end]
        for position, (start, end) in enumerate(zip(starts, ends, strict=True)):
            if start != end and position not in dropped and str(start).strip() != str(end).strip():
                where = f"row {batch.row_numbers[position]} runs from {brief(start)} to {brief(end)}"
                what = f"{self._filename} adds several days up in one row"
                raise LoadRefused(what, where=where, fix="export it broken down by Day (Breakdown > Time > Day)")

    def _days(self, batch: Batch, dropped: set[int], problems: _Problems) -> list[date | None]:
        index = self.mapped.columns["date"][0]
        days: list[date | None] = []
        for position, (day, reason) in enumerate(parsing.parse_days(batch.columns[index], self.spec.date_formats)):
            days.append(day)
            if reason is not None:
                problems.add(position, "date", reason)
            elif self.requested is not None and day not in self.requested and position not in dropped:
                problems.add(position, "date", OUTSIDE)
        return days

    def _names(self, batch: Batch, problems: _Problems) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in NAMES:
            if name not in self.mapped.columns:
                names[name] = [self.mapped.constants[name]] * len(batch.row_numbers)
                continue
            memo = parsing.Memo(parsing.name)
            parsed = [memo[cell] for cell in batch.columns[self.mapped.columns[name][0]]]
            names[name] = [text for text, _ in parsed]
            if any(reason for _, reason in memo.values()):
                for position, (_, reason) in enumerate(parsed):
                    if reason is not None:
                        problems.add(position, name, reason)
        return names

    def _measures(self, batch: Batch, dropped: set[int], problems: _Problems) -> dict[str, list[Decimal | None]]:
        measures: dict[str, list[Decimal | None]] = {}
        for measure in MEASURES:
            if measure not in self.mapped.columns:
                continue
            cells = batch.columns[self.mapped.columns[measure][0]]
            counted = measure in COUNTS
            parsed = parsing.parse_counts(cells) if counted else parsing.parse_money(cells, self.currency)
            measures[measure] = [value for value, _ in parsed]
            for position, (_, reason) in enumerate(parsed):
                if reason is not None:
                    problems.add(position, measure, reason)
            self.totals.stated.update(measure for p in dropped if not blank(cells[p]))
        return measures

    def _reject(self, batch: Batch, rejected: set[int], problems: _Problems, days: list[date | None]) -> None:
        keys = self.mapped.keys
        for position in sorted(rejected):
            (name, reason), *others = problems.found[position]
            index = self.mapped.columns[name][0]
            if others:
                also = sorted({keys[self.mapped.columns[other][0]] for other, _ in others} - {keys[index]})
                reason = f"{reason}; also {', '.join(also)}" if also else reason
            row = {key: str(column[position]) for key, column in zip(keys, batch.columns, strict=True)}
            self.rejects.append(
                RejectedRow(
                    source_row=batch.row_numbers[position],
                    column_name=keys[index],
                    value=str(batch.columns[index][position]),
                    reason=reason,
                    row_values=json.dumps(row, ensure_ascii=False),
                    date=days[position],
                )
            )

    def _rows(
        self,
        batch: Batch,
        kept: list[int],
        days: list[date | None],
        names: dict[str, list[str]],
        measures: dict[str, list[Decimal | None]],
    ) -> pa.Table:
        everything = len(kept) == len(batch.row_numbers)
        schema = row_schema()
        columns: list[pa.Array] = []
        for column in schema:
            values: Sequence[object]
            if column.name == "source_row":
                values = batch.row_numbers
            elif column.name == "date":
                values = days
            elif column.name == "unmapped":
                values = self._unmapped(batch)
            elif column.name in names:
                values = names[column.name]
            elif column.name in measures:
                values = measures[column.name]
            elif column.name == "delivery_id":
                values = [""] * len(batch.row_numbers)
            else:
                columns.append(pa.nulls(len(kept), column.type))
                continue
            chosen = values if everything else [values[position] for position in kept]
            if column.name in COUNTS:
                columns.append(pa.array(chosen, AMOUNT).cast(column.type))
            else:
                columns.append(pa.array(chosen, column.type))
        return pa.table(columns, schema=schema)

    def _unmapped(self, batch: Batch) -> list[str]:
        """The other columns of each row as a JSON object, heading → text; cells repeat, so each is encoded once."""
        encoded: list[list[str]] = []
        for index, key in self.mapped.unmapped:
            prefix = json.dumps(key, ensure_ascii=False) + ": "
            memo = parsing.Memo[Cell, str](lambda cell, prefix=prefix: prefix + json_text(cell))  # type: ignore[misc]
            encoded.append([memo[cell] for cell in batch.columns[index]])
        if not encoded:
            return ["{}"] * len(batch.row_numbers)
        return ["{" + ", ".join(parts) + "}" for parts in zip(*encoded, strict=True)]


def json_text(cell: Cell) -> str:
    """A cell as JSON, other letters than ASCII as they are."""
    return encode_basestring(cell if isinstance(cell, str) else cell.isoformat())


def blank(cell: Cell) -> bool:
    """Whether a cell holds nothing but white space."""
    return isinstance(cell, str) and not cell.strip()
