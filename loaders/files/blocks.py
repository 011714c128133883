"""A block of cells → Arrow rows: each different cell is judged once, by the functions that judge every cell.

A row is regular where each of its fields can be used and nothing in it asks for a second look. All other rows are odd:
they go to `BatchReader`, which knows every rule about rows. So this knows none, except which rows may be odd.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loaders.files import parsing
from loaders.files.batches import NAMES, BatchReader, blank, json_text
from loaders.files.cells import Block, Cell, Column, in_batches, is_blank
from loaders.files.columns import COUNTS, MEASURES
from loaders.files.schema import AMOUNT, row_schema

SEPARATOR = ", "


@dataclass(frozen=True)
class _Field:
    """A field of a block: the values of its different cells, null for one that cannot be used."""

    values: pa.Array
    places: np.ndarray


class BlockReader:
    """Reads the blocks of one file in turn. `odd_rows` are those that `careful` was given, which has the totals."""

    def __init__(self, careful: BatchReader) -> None:
        self.odd_rows = 0
        self._careful = careful
        self._mapped = careful.mapped

    def read(self, block: Block) -> pa.Table:
        """The accepted rows of a block, `delivery_id` empty. Raises `LoadRefused` for a defect of the whole file."""
        odd = self._odd_rows(block)
        fields = {name: self._field(name, block.columns[index[0]], odd) for name, index in self._mapped.columns.items()}
        kept = np.flatnonzero(~odd) if odd.any() else None
        regular = self._rows(block, fields, kept)
        self._careful.totals.add_accepted(regular)
        self._careful.totals.rows["read"] += len(odd)
        mended = [self._careful.read(batch, is_counted=True) for batch in in_batches(self._numbered(block, odd))]
        if not any(map(len, mended)):
            return regular
        return pa.concat_tables([regular, *mended]).sort_by("source_row")

    def _odd_rows(self, block: Block) -> np.ndarray:
        """Rows that are odd because of several of their cells."""
        odd = np.zeros(len(block.row_numbers), bool)
        for indices in self._mapped.columns.values():
            for one, other in pairwise(indices):
                odd |= _differ(block.columns[one], block.columns[other])
        if self._mapped.period_end is not None:
            odd |= _differ(block.columns[self._mapped.columns["date"][0]], block.columns[self._mapped.period_end])
        if self._careful.spec.has_total_row:
            odd |= self._nameless(block)
        if self._mapped.currency_column is not None:
            cells = block.columns[self._mapped.currency_column].cells()
            self._careful.currencies.update(str(cell).strip().upper() for cell in cells if not blank(cell))
        return odd

    def _nameless(self, block: Block) -> np.ndarray:
        """Rows without any name: a total may be among them."""
        nameless = np.ones(len(block.row_numbers), bool)
        for name in NAMES:
            if name in self._mapped.columns and nameless.any():
                column = block.columns[self._mapped.columns[name][0]]
                nameless &= _of_rows(column, map(blank, column.cells()))
        return nameless

    def _field(self, name: str, column: Column, odd: np.ndarray) -> _Field:
        """Judge the different cells, and say which rows are odd because of one."""
        judge, values, usable = self._judge(name), [], []
        for cell in column.cells():
            value, reason = judge(cell)
            values.append(value)
            usable.append(reason is None)
        if name in MEASURES:
            counts = np.bincount(column.places, minlength=len(values)).tolist()
            self._careful.totals.add_counted(name, "read", values, counts)
        if name == "date" and self._careful.requested is not None:
            usable = [is_one and day in self._careful.requested for is_one, day in zip(usable, values, strict=True)]
        if not all(usable):
            odd |= ~_of_rows(column, usable)
            values = [value if is_one else None for is_one, value in zip(usable, values, strict=True)]
        return _Field(_typed(name, values), column.places)

    def _judge(self, name: str) -> Callable[[Cell], tuple[Any, str | None]]:
        if name == "date":
            return lambda cell: parsing.day(cell, self._careful.spec.date_formats)
        if name in NAMES:
            return parsing.name
        return parsing.count if name in COUNTS else lambda cell: parsing.money(cell, self._careful.currency)

    def _rows(self, block: Block, fields: dict[str, _Field], kept: np.ndarray | None) -> pa.Table:
        """The regular rows, `kept` saying which they are where not all of them are."""
        numbers = block.row_numbers if kept is None else block.row_numbers[kept]
        columns: list[pa.Array] = []
        for column in row_schema():
            if column.name in fields:
                columns.append(_taken(fields[column.name].values, fields[column.name].places, kept))
            elif column.name == "source_row":
                columns.append(pa.array(numbers))
            elif column.name == "unmapped":
                columns.append(self._unmapped(block, kept, len(numbers)))
            elif column.name == "delivery_id" or column.name in NAMES:
                columns.append(pa.repeat(self._mapped.constants.get(column.name, ""), len(numbers)))
            else:
                columns.append(pa.nulls(len(numbers), column.type))
        return pa.table(columns, schema=row_schema())

    def _unmapped(self, block: Block, kept: np.ndarray | None, rows: int) -> pa.Array:
        """The other columns of each row as a JSON object; what stands in every row is put together once."""
        parts: list[pa.Array] = []
        text = "{"
        for number, (index, key) in enumerate(self._mapped.unmapped):
            column = block.columns[index]
            text += (SEPARATOR if number else "") + json.dumps(key, ensure_ascii=False) + ": "
            cells = list(map(json_text, column.cells()))
            if len(cells) == 1:
                text += cells[0]
                continue
            parts.append(_taken(pa.array([text + cell for cell in cells], pa.string()), column.places, kept))
            text = ""
        if not parts:
            return pa.repeat(text + "}", rows)
        return pc.binary_join_element_wise(*parts, text + "}", "")

    def _numbered(self, block: Block, odd: np.ndarray) -> Iterator[tuple[int, Sequence[Cell]]]:
        """The odd rows cell by cell; those that hold nothing are none."""
        chosen = np.flatnonzero(odd)
        if not len(chosen):
            return
        columns = [_cells_of(column, chosen) for column in block.columns]
        for number, row in zip(block.row_numbers[chosen].tolist(), zip(*columns, strict=True), strict=True):
            if is_blank(row):
                self._careful.totals.rows["read"] -= 1
            else:
                self.odd_rows += 1
                yield number, row


def _of_rows(column: Column, judged: Iterable[bool]) -> np.ndarray:
    """What was found of the different cells, for each row."""
    return np.take(np.fromiter(judged, bool), column.places)


def _differ(one: Column, other: Column) -> np.ndarray:
    """Whether two columns hold different cells, for each row."""
    numbers: dict[Cell, int] = {}
    left, right = (
        np.fromiter((numbers.setdefault(cell, len(numbers)) for cell in column.cells()), np.int64)
        for column in (one, other)
    )
    return np.asarray(left[one.places] != right[other.places])


def _cells_of(column: Column, rows: np.ndarray) -> list[Cell]:
    cells = column.cells()
    return [cells[place] for place in column.places[rows].tolist()]


def _typed(name: str, values: list[Any]) -> pa.Array:
    kind = row_schema().field(name).type
    # An exact number of Python becomes a whole number of Arrow by way of an exact one of Arrow.
    return pa.array(values, AMOUNT).cast(kind) if name in COUNTS else pa.array(values, kind)


def _taken(values: pa.Array, places: np.ndarray, kept: np.ndarray | None) -> pa.Array:
    return values.take(pa.array(places if kept is None else places[kept]))
