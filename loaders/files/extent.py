"""What a part of a sheet holds, where its cells are written as Excel writes them: `<c r="B7"`.

`workbook` knows the other ways of writing them. For the bulk of a sheet this one is ten times as quick as its patterns.
"""

from dataclasses import dataclass

import numpy as np

LETTERS, DIGITS = 3, 7  # at most, of a place


@dataclass(frozen=True)
class Extent:
    """The last column and the last row, counted from 1, 0 where there is none, and whether there is a formula."""

    columns: int
    rows: int
    has_formulas: bool


def of_plain(xml: bytes) -> Extent | None:
    """The extent of a part that cuts no tag in two. None: a cell is written otherwise."""
    letters = np.frombuffer(xml + b"\0" * 16, np.uint8)  # so that one may look beyond the last tag
    tags = np.flatnonzero(letters == ord("<"))
    cells, rows = _places(letters, tags, b"c"), _places(letters, tags, b"row")
    if cells is None or rows is None or _has_prefixes(letters):
        return None
    columns, digits = _columns(letters, cells)
    of_cells, of_rows = _numbers(letters, digits), _numbers(letters, rows)
    if columns is None or of_cells is None or of_rows is None:
        return None
    last = max(of_cells.max(initial=0), of_rows.max(initial=0))
    return Extent(int(columns.max(initial=0)), int(last), bool((letters[tags + 1] == ord("f")).any()))


def _places(letters: np.ndarray, tags: np.ndarray, name: bytes) -> np.ndarray | None:
    """Where the places of the tags of a name begin, None where one does not say its place before all else."""
    for offset, letter in enumerate(name, start=1):
        tags = tags[letters[tags + offset] == letter]
    tags = tags[_ends_name(letters[tags + len(name) + 1])] + len(name) + 1
    for letter in b' r="':
        if not (letters[tags] == letter).all():
            return None
        tags = tags + 1
    return tags


def _has_prefixes(letters: np.ndarray) -> bool:
    """Whether cells, rows or formulas may have the prefix of a namespace, as in <x:c>."""
    colons = np.flatnonzero(letters[:-8] == ord(":"))
    after = letters[colons + 1]
    short = ((after == ord("c")) | (after == ord("f"))) & _ends_name(letters[colons + 2])
    return bool((short | (after == ord("r"))).any())


def _ends_name(letters: np.ndarray) -> np.ndarray:
    return np.isin(letters, np.frombuffer(b" \t\r\n/>", np.uint8))


def _columns(letters: np.ndarray, places: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """The column, counted from 1, that is named at each place, and where its digits begin; None for none there."""
    columns, ended = np.zeros(len(places), np.int64), np.zeros(len(places), bool)
    for _ in range(LETTERS):
        found = letters[places].astype(np.int64) - ord("A")
        ended |= (found < 0) | (found > 25)
        columns = np.where(ended, columns, columns * 26 + found + 1)
        places = places + ~ended
    return columns if columns.all() else None, places


def _numbers(letters: np.ndarray, places: np.ndarray) -> np.ndarray | None:
    """The number at each place, None where one is none or does not end the attribute."""
    begins, numbers, ended = places, np.zeros(len(places), np.int64), np.zeros(len(places), bool)
    for _ in range(DIGITS):
        found = letters[places].astype(np.int64) - ord("0")
        ended |= (found < 0) | (found > 9)
        numbers = np.where(ended, numbers, numbers * 10 + found)
        places = places + ~ended
    return numbers if (places > begins).all() and (letters[places] == ord('"')).all() else None
