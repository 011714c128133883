"""CSV bytes → cells, strictly: every row as wide as the heading, every byte UTF-8 (or UTF-16 with a BOM).

`batches` is the rule. `csv_blocks` reads what is regular, the same and faster.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence

from loaders.errors import LoadRefused
from loaders.files import csv_blocks
from loaders.files.cells import Batch, Block, Cell, Table, brief, headings, in_batches, is_blank

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
Row = tuple[int, int, list[str]]


def read(data: bytes, filename: str) -> Table:
    """Open a CSV file. Raises `LoadRefused`, for a defect further down while the batches are read."""
    text = _as_utf_8(data, filename)
    first = next(_rows(text, filename), None)
    if first is None:
        raise LoadRefused(f"{filename} is empty", fix="export it again")
    number, _, heading = first
    if len(heading) == 1 and any(separator in heading[0] for separator in ";\t|"):
        raise LoadRefused(f"{filename} is not separated by commas", where=brief(heading[0]), fix="export it as CSV")
    header = headings(heading, filename)

    def batches() -> Iterator[Batch]:
        return in_batches(_even(_rows(text, filename), number, len(header), filename))

    def blocks() -> Iterator[Block]:
        return csv_blocks.read(text, len(header))

    return Table(filename, header, batches, blocks)


def _as_utf_8(data: bytes, filename: str) -> bytes:
    if data.startswith(UTF_16):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise LoadRefused(f"{filename} is not readable as UTF-16", fix="export it as UTF-8") from error
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise LoadRefused(f"{filename} holds a NUL byte", where=f"line {line}", fix="export it again as UTF-8 CSV")
    return data


def _rows(text: bytes, filename: str) -> Iterator[Row]:
    """Rows that hold something, as (row number, line number, cells)."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(text), encoding="utf-8-sig", newline=""), strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            if not is_blank(cells):
                yield number, reader.line_num, cells
    except UnicodeDecodeError as error:
        # The reader decodes ahead in chunks: find the line itself.
        where = f"line {_undecodable_line(text)}"
        raise LoadRefused(f"{filename} is not UTF-8", where=where, fix="save it as 'CSV UTF-8'") from error
    except csv.Error as error:
        where = f"line {reader.line_num}: {error}"
        raise LoadRefused(f"{filename} is no valid CSV", where=where, fix="export it again") from error


def _even(rows: Iterator[Row], heading_row: int, width: int, filename: str) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Rows below the heading, each `width` cells wide."""
    for number, line, cells in rows:
        if number == heading_row:
            continue
        if len(cells) != width:
            what = f"{filename} is ragged: row {number} has {len(cells)} cells, the heading has {width}"
            raise LoadRefused(what, where=f"line {line}", fix="quote cells that hold commas, or export it again")
        yield number, cells


def _undecodable_line(text: bytes) -> int:
    try:
        text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return text.count(b"\n", 0, error.start) + 1
    return 1
