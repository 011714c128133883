"""Regular CSV text → blocks, by pyarrow: `csv_text` reads every file, this one those that both read alike.

pyarrow is laxer than `csv.reader(strict=True)`: it takes text after a closing quote, a lone quote and a cell of any
length. Over the border of two of its own blocks it loses the line feed of a quoted CR LF. So the text is looked through
first and cut into pieces here, each of which is one block of pyarrow's.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from loaders.files.cells import Block, Column, Irregular

PIECE = 8 * 2**20  # bytes, which bound the memory: a piece and its cells, each different one once
LONGEST_CELL = 2**17  # letters; `csv.reader` refuses a longer one
BOM = b"\xef\xbb\xbf"
QUOTE, COMMA, CR, LF = b'",\r\n'


def read(text: bytes, width: int) -> Iterator[Block]:
    """The rows below the heading, which must be the first row. Raises `Irregular`, at the latest at the odd place."""
    start = len(BOM) if text.startswith(BOM) else 0
    letters = np.frombuffer(text, np.uint8)
    if width < 2 or _has_odd_lines(text, letters, start):
        raise Irregular
    quotes = np.flatnonzero(letters == QUOTE)
    _check_quotes(letters, quotes, start)
    first, row = _line_end(text, quotes, start), 2
    while first < len(text):
        end = _line_end(text, quotes, first + PIECE)
        block = _block(text, first, end, width, row, bool(len(quotes)))
        yield block
        first, row = end, row + len(block.row_numbers)


def _has_odd_lines(text: bytes, letters: np.ndarray, start: int) -> bool:
    """Lines that hold nothing, and lines that end as on no system of today; those within quotes count too."""
    if text.startswith((b"\n", b"\r"), start):
        return True
    if b"\r" in text and (b"\n\r" in text or text.count(b"\r") != text.count(b"\r\n")):
        return True
    return bool((np.diff(np.flatnonzero(letters == LF)) == 1).any())


def _check_quotes(letters: np.ndarray, quotes: np.ndarray, start: int) -> None:
    """Quotes in turn open and close a cell; a doubled one within a cell closes it and opens it again."""
    if not len(quotes):
        return
    if len(quotes) % 2:
        raise Irregular
    opening, closing = quotes[::2], quotes[1::2]
    doubled = closing[:-1] + 1 == opening[1:]
    before, after = letters[opening - 1], letters[np.minimum(closing + 1, len(letters) - 1)]
    begins = (opening == start) | (before == COMMA) | (before == LF)
    ends = (closing == len(letters) - 1) | (after == COMMA) | (after == LF) | (after == CR)
    begins[1:] |= doubled
    ends[:-1] |= doubled
    if not (begins.all() and ends.all()):
        raise Irregular


def _line_end(text: bytes, quotes: np.ndarray, start: int) -> int:
    """The place after the next line feed that no quotes enclose, or the end."""
    end = start
    while end < len(text):
        end = text.find(b"\n", end) + 1 or len(text)
        if np.searchsorted(quotes, end) % 2 == 0:
            break
    return min(end, len(text))


def _block(text: bytes, first: int, end: int, width: int, row: int, has_quotes: bool) -> Block:
    names = [str(index) for index in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(text).slice(first, end - first)),
            csv.ReadOptions(use_threads=False, block_size=end - first + 1, column_names=names),
            csv.ParseOptions(newlines_in_values=has_quotes, ignore_empty_lines=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        raise Irregular from error
    return Block(np.arange(row, row + len(table)), [_column(cells) for cells in table.columns])


def _column(cells: pa.ChunkedArray) -> Column:
    encoded = cells.combine_chunks().dictionary_encode()  # a piece is one block of pyarrow's and far below 2 GB
    different = encoded.dictionary
    if different.nbytes > LONGEST_CELL and pc.max(pc.utf8_length(different)).as_py() > LONGEST_CELL:
        raise Irregular
    return Column(different, encoded.indices.to_numpy())
