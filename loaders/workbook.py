"""XLSX bytes → cells. python-calamine reads the values; the archive is examined first, because calamine

- lays a sheet out as one dense block, so that two far-apart cells would take all memory,
- gives an error such as #DIV/0!, or a formula whose value was never stored, as an empty cell, which would count as 0.

Measured on 50,000 rows of 20 columns: calamine 0.6 s, openpyxl read-only 6.8 s.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from loaders.cells import NO_STORED_VALUE, Batch, Cell, Table, column_index, headings, in_batches, is_blank
from loaders.errors import LoadRefused

MAX_UNPACKED = 200 * 2**20  # a 50,000-row export of 46 columns unpacks to about 90 MB
MAX_CELLS = 20_000_000
MAX_PARTS = 2_000
CHUNK = 4 * 2**20
AGAIN = "open it in Excel, save it as .xlsx and try again"

_COLUMN = re.compile(rb"\br=[\"']([A-Za-z]{1,7})[0-9]")
_ROW = re.compile(rb"\br=[\"'][A-Za-z]{0,7}([0-9]{1,9})[\"']")
_CELL_END = re.compile(rb"</(?:\w+:)?c>")
_CELL_START = re.compile(rb"<(?:\w+:)?c\s[^>]*(?<!/)>")
_PLACE = re.compile(rb"\br=[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)</")


@dataclass
class Survey:
    """What the raw XML of one sheet tells: its extent, and the cells that calamine would show as empty."""

    columns: int = 0
    rows: int = 0
    shown_empty: dict[tuple[int, int], str] = field(default_factory=dict)


def read(data: bytes, filename: str) -> Table:
    """Open the only sheet with data of a workbook. Raises `LoadRefused`."""
    surveys = _survey_archive(data, filename)
    sheet, survey = _only_sheet(data, filename, surveys)
    numbered = _numbered(sheet, survey, filename)
    first = next(numbered, None)
    if first is None:
        raise LoadRefused(f"{filename} is empty", fix="export it again")
    header = headings(first[1], filename)

    def batches() -> Iterator[Batch]:
        rows = _numbered(sheet, survey, filename)
        next(rows)
        return in_batches(rows)

    return Table(filename, header, batches)


def _survey_archive(data: bytes, filename: str) -> dict[str, Survey]:
    """Unpack every part once within the limits; what is found by part name, for the sheets."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_limits(parts, filename)
            return {part.filename: _survey_part(archive, part, filename) for part in parts if _is_xml(part)}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise LoadRefused(f"{filename} is corrupt", where=str(error), fix=AGAIN) from error


def _is_xml(part: zipfile.ZipInfo) -> bool:
    return part.filename.lower().endswith((".xml", ".rels"))


def _check_limits(parts: list[zipfile.ZipInfo], filename: str) -> None:
    if any(part.flag_bits & 1 for part in parts):
        raise LoadRefused(f"{filename} is encrypted", fix="remove the password")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAX_UNPACKED or len(parts) > MAX_PARTS:
        where = f"{unpacked / 2**20:,.0f} MB in {len(parts):,} parts; at most {MAX_UNPACKED >> 20} MB are read"
        raise LoadRefused(f"{filename} unpacks to too much", where=where, fix="export it as CSV")
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise LoadRefused(f"{filename} is a zip archive, but no workbook", fix="export it as .xlsx")


def _survey_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, filename: str) -> Survey:
    survey = Survey()
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    rest = b""
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            chunk = rest + chunk
            if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
                raise LoadRefused(f"{filename} declares XML entities", where=part.filename, fix=AGAIN)
            # Never cut a cell in two: keep what follows the last complete one for the next round.
            end = _end_of_last_cell(chunk) if is_sheet else max(len(chunk) - 16, 0)
            if is_sheet:
                _survey_cells(chunk[:end], survey)
            rest = chunk[end:]
    if is_sheet:
        _survey_cells(rest, survey)
    if survey.columns * survey.rows > MAX_CELLS or survey.columns > 16_384:
        where = f"{part.filename}: {survey.rows:,} rows by {survey.columns:,} columns"
        raise LoadRefused(f"{filename} has a sheet that is too large", where=where, fix="remove stray cells far away")
    return survey


def _end_of_last_cell(xml: bytes) -> int:
    plain, prefixed = xml.rfind(b"</c>"), xml.rfind(b":c>")
    return max(plain + 4 if plain >= 0 else 0, prefixed + 3 if prefixed >= 0 else 0)


def _survey_cells(xml: bytes, survey: Survey) -> None:
    widest = max((column_index(letters.decode()) + 1 for letters in set(_COLUMN.findall(xml))), default=0)
    survey.columns = max(survey.columns, widest)
    survey.rows = max(survey.rows, max(map(int, set(_ROW.findall(xml))), default=0))
    # Splitting is fast where a pattern over a whole cell is not; few cells are looked at more closely.
    for cell in _CELL_END.split(xml):
        if b"<f" in cell or b":f" in cell or b'"e"' in cell or b"'e'" in cell:
            _survey_odd_cell(cell, survey)


def _survey_odd_cell(xml: bytes, survey: Survey) -> None:
    """`xml` ends with the content of a cell."""
    starts = list(_CELL_START.finditer(xml))
    place = _PLACE.search(starts[-1].group()) if starts else None
    if place is None:
        return
    value = _VALUE.search(xml, starts[-1].end())
    if _ERROR.search(starts[-1].group()):
        text = value.group(1).decode("utf-8", "replace") if value else "#ERROR"
    elif value is None and _FORMULA.search(xml, starts[-1].end()):
        text = NO_STORED_VALUE
    else:
        return
    survey.shown_empty[int(place[2]), column_index(place[1].decode())] = text


def _only_sheet(data: bytes, filename: str, surveys: dict[str, Survey]) -> tuple[Any, Survey]:
    """The one worksheet with data, and what the survey found in it."""
    import python_calamine

    paths = _sheet_parts(data, filename)
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheets = [
            (meta.name, book.get_sheet_by_name(meta.name))
            for meta in book.sheets_metadata
            if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        filled = [
            (name, sheet) for name, sheet in sheets if not all(is_blank(_plain(row)) for row in sheet.iter_rows())
        ]
    except python_calamine.PasswordError as error:
        raise LoadRefused(f"{filename} is encrypted", fix="remove the password") from error
    except BaseException as error:
        _raise_corrupt(error, filename)
    if not filled:
        raise LoadRefused(f"{filename} is empty", fix="export it again")
    if len(filled) > 1:
        names = ", ".join(repr(name) for name, _ in filled)
        raise LoadRefused(f"{filename} has several sheets with data", where=names, fix="keep the one with the rows")
    name, sheet = filled[0]
    return sheet, surveys.get(paths.get(name, ""), Survey())


def _sheet_parts(data: bytes, filename: str) -> dict[str, str]:
    """Sheet name → part of the archive."""
    from xml.etree import ElementTree

    relations = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # Entities were refused by the survey, so the standard parser is safe here.
            book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
            rels = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (ElementTree.ParseError, KeyError, zipfile.BadZipFile) as error:
        raise LoadRefused(f"{filename} is corrupt", where=str(error), fix=AGAIN) from error
    targets = {rel.get("Id"): rel.get("Target", "") for rel in rels}
    parts: dict[str, str] = {}
    for element in book.iter():
        if element.tag.endswith("}sheet"):
            target = targets.get(element.get(relations, element.get("id", "")), "")
            parts[element.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return parts


def _numbered(sheet: Any, survey: Survey, filename: str) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Rows that hold something, as (row number, cells). calamine starts at row 1, but at the first used column."""
    first_column = sheet.start[1] if sheet.start else 0
    patches: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in survey.shown_empty.items():
        patches.setdefault(row, []).append((column - first_column, text))
    try:
        for number, values in enumerate(sheet.iter_rows(), start=1):
            cells = _plain(values)
            for index, text in patches.get(number, ()):
                if 0 <= index < len(cells):
                    cells[index] = text
            if not is_blank(cells):
                yield number, cells
    except (GeneratorExit, LoadRefused):
        raise
    except BaseException as error:
        _raise_corrupt(error, filename)


def _plain(values: Sequence[Any]) -> list[Cell]:
    return [value if type(value) is str else _text_or_date(value) for value in values]


def _text_or_date(value: Any) -> Cell:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, date | datetime):
        return value
    return str(value)


def _raise_corrupt(error: BaseException, filename: str) -> None:
    """calamine reports some defects as panics of Rust, which are no `Exception`s."""
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        first_line = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise LoadRefused(f"{filename} is corrupt", where=first_line, fix=AGAIN) from error
    raise error
