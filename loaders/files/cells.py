"""Cells: the one shape that every tabular file is read into, before anything is known of its meaning.

A cell is text or a date; numbers of a workbook come as the shortest text that gives the same number.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa

from loaders.errors import LoadRefused

Cell = str | date | datetime
BATCH_CELLS = 50_000  # of one batch, which bounds the memory of a large file: 5,000 rows of ten columns
NO_STORED_VALUE = "(formula without a stored value)"  # what a cell says whose value the workbook does not hold
MAX_COLUMNS = 1_000  # the widest real export has under 100


@dataclass(frozen=True)
class Batch:
    """Some rows, by column. `row_numbers` count as a spreadsheet does, the first line of the file being 1."""

    row_numbers: list[int]
    columns: list[Sequence[Cell]]


@dataclass(frozen=True)
class Column:
    """A column as its different cells and, for each row, the place of its own among them (int32)."""

    different: pa.Array | list[Cell]
    places: np.ndarray

    def cells(self) -> Sequence[Cell]:
        """The different cells; a cell may stand there twice."""
        return self.different if isinstance(self.different, list) else self.different.to_pylist()


@dataclass(frozen=True)
class Block:
    """Many rows, by column. `row_numbers` (int64) are those of `Batch`; rows that hold nothing are among them."""

    row_numbers: np.ndarray
    columns: list[Column]


class Irregular(Exception):  # noqa: N818 – no error: the file is read in batches instead
    """A file is not regular enough to be read in blocks."""


@dataclass(frozen=True)
class Table:
    """A file as cells: its headings (trimmed, white space collapsed) and, as often as asked, its rows.

    `batches` can read every file. `blocks` gives the same rows at a tenth of the cost, or raises `Irregular`.
    """

    filename: str
    header: list[str]
    batches: Callable[[], Iterator[Batch]]
    blocks: Callable[[], Iterator[Block]]


def headings(cells: Sequence[Cell], filename: str) -> list[str]:
    """Clean headings; a blank one is named after its column, `(column G)`. Raises `LoadRefused` for too many."""
    if len(cells) > MAX_COLUMNS:
        raise LoadRefused(f"{filename} has {len(cells):,} columns", fix=f"at most {MAX_COLUMNS:,} are read")
    cleaned = [" ".join(str(cell).split()) for cell in cells]
    return [heading or f"(column {column_letters(index)})" for index, heading in enumerate(cleaned)]


def is_blank(row: Sequence[Cell]) -> bool:
    """Whether a row holds nothing but white space."""
    return not any(cell.strip() if isinstance(cell, str) else True for cell in row)


def in_batches(rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[Batch]:
    """Turn numbered rows of equal length into batches of columns."""
    numbers: list[int] = []
    held: list[Sequence[Cell]] = []
    for number, row in rows:
        numbers.append(number)
        held.append(row)
        if len(held) * len(row) >= BATCH_CELLS:
            yield Batch(numbers, list(zip(*held, strict=True)))
            numbers, held = [], []
    if held:
        yield Batch(numbers, list(zip(*held, strict=True)))


def brief(text: object, limit: int = 80) -> str:
    """Text as a message shows it: whatever a file holds, a message stays one readable line."""
    shown = " ".join(str(text).split())
    return shown if len(shown) <= limit else f"{shown[:limit]} …"


def listed(texts: Iterable[object], limit: int = 12) -> str:
    """Several texts as a message shows them."""
    shown = [brief(text, 60) for text in texts]
    return ", ".join(shown[:limit]) + (", …" if len(shown) > limit else "")


def column_letters(index: int) -> str:
    """The spreadsheet name of a column counted from 0: 0 → A, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """The column, counted from 0, of a spreadsheet name: A → 0, AA → 26."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1
