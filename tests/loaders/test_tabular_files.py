"""Bytes → cells: what is opened, what is refused, and what the refusal says."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest

from loaders.errors import LoadRefused
from loaders.files.cells import NO_STORED_VALUE
from loaders.files.tabular import read_table
from tests.loaders.files import csv_bytes, xlsx_bytes

SIZE = 2**20


def rows_of(data: bytes, filename: str, max_size: int = SIZE) -> list[tuple[int, tuple[Any, ...]]]:
    table = read_table(data, filename, max_size=max_size)
    return [
        (number, row)
        for batch in table.batches()
        for number, row in zip(batch.row_numbers, zip(*batch.columns, strict=True), strict=True)
    ]


def parts_of(data: bytes, **changes: bytes) -> bytes:
    """A workbook with parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, changes.get(name.rpartition("/")[2].partition(".")[0], source.read(name)))
    return out.getvalue()


BOOK = xlsx_bytes(["a", "b"], [["x", 1], ["y", 2]])


def test_a_csv_with_bom_crlf_quoted_newlines_and_emoji_is_read() -> None:
    data = b'\xef\xbb\xbf Name , Text \r\nx,"two\r\nlines, \xf0\x9f\x98\x80"\r\n\r\n,,\r\ny,z\r\n'.replace(b",,", b",")
    table = read_table(data, "a.CSV", max_size=SIZE)
    assert table.header == ["Name", "Text"]
    assert rows_of(data, "a.csv") == [(2, ("x", "two\r\nlines, 😀")), (5, ("y", "z"))]


def test_utf_16_with_a_bom_is_read() -> None:
    assert rows_of("a,b\nä,1\n".encode("utf-16"), "a.csv") == [(2, ("ä", "1"))]


def test_rows_can_be_read_twice() -> None:
    table = read_table(csv_bytes(["a"], [["1"], ["2"]]), "a.csv", max_size=SIZE)
    assert [len(batch.row_numbers) for batch in table.batches()] == [2]
    assert [len(batch.row_numbers) for batch in table.batches()] == [2]


@pytest.mark.parametrize(
    ("data", "filename", "message"),
    [
        (b"", "a.csv", "a.csv is empty"),
        (b"\n\n , \n", "a.csv", "a.csv is empty"),
        (b"a,b\n1,2\n1,2,3\n", "a.csv", "row 3 has 3 cells, the heading has 2 (line 3)"),
        (b'a,b\n"1\n1",2\n1\n', "a.csv", "row 3 has 1 cells, the heading has 2 (line 4)"),
        (b"a,b\n1,\x00\n", "a.csv", "NUL byte (line 2)"),
        (b"a,b\n1,\xe4\n", "a.csv", "not UTF-8 (line 2)"),
        (b'a,b\n1,"2\n', "a.csv", "no valid CSV"),
        (b"a;b\n1;2\n", "a.csv", "not separated by commas"),
        (b"<!DOCTYPE html><html></html>", "a.csv", "web page"),
        (BOOK, "a.csv", "is a workbook, not CSV"),
        (b"a,b\n1,2\n", "a.xlsx", "no XLSX workbook"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"rest", "a.xlsx", "encrypted"),
        (BOOK[:-200], "a.xlsx", "corrupt"),
        (b"PK\x03\x04 nothing more", "a.xlsx", "corrupt"),
        (b"a,b", "a.xls", "neither CSV nor XLSX"),
        (b"a,b", "../a.csv", "holds a path"),
        (b"a,b", "folder\\a.csv", "holds a path"),
        (b"a" * (SIZE + 1), "a.csv", "too large"),
        (",".join("x" * 1_001).encode(), "a.csv", "1,001 columns"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,  # a workbook holds the time at which it was made
)
def test_a_file_that_is_not_what_it_should_be_is_refused_in_words(data: bytes, filename: str, message: str) -> None:
    with pytest.raises(LoadRefused, match=r".+") as refused:
        rows_of(data, filename)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.fix


def test_a_workbook_gives_text_and_true_dates() -> None:
    data = xlsx_bytes(["Day", "n", "x", "flag"], [[date(2025, 11, 4), 4.0, 4.760000000000001, True], [None] * 4])
    assert rows_of(data, "a.xlsx") == [(2, (date(2025, 11, 4), "4", "4.760000000000001", "TRUE"))]


def test_a_sheet_that_begins_further_down_keeps_its_row_numbers() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for place, value in {"B3": "a", "C3": "b", "B4": "x", "C4": "=1/0"}.items():
        sheet[place] = value
    out = io.BytesIO()
    book.save(out)
    assert rows_of(out.getvalue(), "a.xlsx") == [(4, ("x", NO_STORED_VALUE))]


def test_errors_and_formulas_without_a_value_are_not_taken_for_blanks() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
        b'<row r="2"><c r="A2" s="0"/><c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        b'<row r="3"><c r="A3"><f>1+1</f><v>2</v></c><c r="B3"><f>1+1</f></c></row></sheetData></worksheet>'
    )
    data = parts_of(BOOK, sheet1=sheet)
    assert rows_of(data, "a.xlsx") == [(2, ("", "#DIV/0!")), (3, ("2", NO_STORED_VALUE))]


def test_a_workbook_with_several_sheets_of_data_is_refused_by_name() -> None:
    data = xlsx_bytes(["a"], [["x"]], Second=[["b"], ["y"]], Blank=[])
    with pytest.raises(LoadRefused, match=r"several sheets with data.*'Sheet', 'Second'"):
        rows_of(data, "a.xlsx")


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml"):
            archive.writestr(name, b" " * (150 * 2**20))
    with pytest.raises(LoadRefused, match="unpacks to too much"):
        rows_of(out.getvalue(), "a.xlsx")


def test_a_stray_cell_far_away_is_refused() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        b'<c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    with pytest.raises(LoadRefused, match="sheet that is too large"):
        rows_of(parts_of(BOOK, sheet1=sheet), "a.xlsx")


def test_xml_entities_are_refused() -> None:
    with pytest.raises(LoadRefused, match="XML entities"):
        rows_of(parts_of(BOOK, sheet1=b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'), "a.xlsx")


@pytest.mark.parametrize("part", ["sheet1", "workbook", "styles"])
def test_a_workbook_with_a_broken_part_ends_in_one_line(part: str) -> None:
    with pytest.raises(LoadRefused):
        rows_of(parts_of(BOOK, **{part: b"<worksheet><sheetData><row></worksheet>"}), "a.xlsx")
