"""Hostile and odd workbooks with what becomes of each; those of text: `hostile_files`."""

import io
import struct
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from tests.loaders import files
from tests.loaders.hostile_files import DAY, HostileFile, Make, cells_of

SHEET = "xl/worksheets/sheet1.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def workbook(*changes: dict[str, object], source: str = "facebook", good: int = 0, **sheets: Any) -> bytes:
    """A workbook of `good` good rows and one per change."""
    header, rows = cells_of(source, *changes, good=good)
    return files.xlsx_bytes(header, rows, **sheets)


def packed(parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    """The parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_part(name: str, content: bytes | None) -> bytes:
    """A good workbook in which one part is another, or missing."""
    parts = parts_of(workbook({}))
    parts.pop(name, None)
    return packed(parts | ({} if content is None else {name: content}))


def with_rows(rows: str) -> bytes:
    """A workbook whose second row and those below are given as XML."""
    sheet = parts_of(workbook())[SHEET].decode()
    return with_part(SHEET, sheet.replace("</sheetData>", f"{rows}</sheetData>").encode())


def row(number: int, cells: Sequence[str] = (), *, impressions: str = "<v>100</v>", kind: str = "n") -> str:
    """A good row as XML, whose impressions are another cell, with further cells."""
    texts = {"A": DAY.isoformat(), "B": "Spring", "C": "Lookalike", "D": "Video 1", "G": "1.25"}
    texts |= dict.fromkeys("HI", DAY.isoformat())
    plain = {letter: f'<c r="{letter}{number}" t="str"><v>{text}</v></c>' for letter, text in texts.items()}
    plain["E"] = f'<c r="E{number}" t="{kind}">{impressions}</c>'
    plain["F"] = f'<c r="F{number}"><v>3</v></c>'
    return f'<row r="{number}">{"".join(plain[letter] for letter in sorted(plain))}{"".join(cells)}</row>'


def rows_with(last: str) -> bytes:
    """Thirty good rows and a last one."""
    return with_rows("".join(row(number) for number in range(2, 32)) + last)


def moved_sheet(path: str, sheet: bytes | None = None) -> bytes:
    """A workbook whose sheet lies elsewhere in the archive."""
    parts = parts_of(rows_with(row(32, impressions="<v>#DIV/0!</v>", kind="e")))
    content = parts.pop(SHEET)
    parts[RELATIONS] = parts[RELATIONS].replace(b"worksheets/sheet1.xml", path.removeprefix("xl/").encode())
    return packed(parts | {path: sheet or content})


def far_apart(second: str = "XFD1048576") -> bytes:
    """Two cells at the corners of a sheet."""
    row = second.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    cells = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{second}"><v>1</v></c></row>'
    return f"{HEAD}{cells}</sheetData></worksheet>".encode()


def understated(part: str, content: bytes, stated: int) -> bytes:
    """A workbook whose directory states too small a size for one part, which zipfile believes."""
    data = bytearray(with_part(part, content))
    directory = data.rindex(b"PK\x01\x02", 0, data.rindex(part.encode()))
    data[directory + 24 : directory + 28] = struct.pack("<I", stated)
    return bytes(data)


def billion_laughs(encoding: str = "utf-8") -> bytes:
    """Entities that grow tenfold at each level."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]><worksheet>&l9;</worksheet>'.encode(encoding)


def true_dates() -> bytes:
    """Dates of Excel that count from 1904, with a time of day."""
    import openpyxl
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = openpyxl.load_workbook(io.BytesIO(workbook({"Day": datetime.fromisoformat("2025-11-04T23:59:59")})))
    book.epoch = CALENDAR_MAC_1904
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def all_workbooks() -> Iterator[HostileFile]:
    """Every workbook."""
    for title, make, accepted, rejected, says in odd():
        yield HostileFile(
            title, "facebook", make, accepted, says, rejected, impressions=100 * accepted, filename="export.xlsx"
        )
    for title, make, says in (*broken(), *too_large()):
        yield HostileFile(title, "facebook", make, None, says, filename="export.xlsx")
    total = dict.fromkeys(("Day", "Campaign name", "Ad set name", "Ad name"), "")
    make = lambda: workbook({**total, "Impressions": 100.0}, {"Impressions": 100.0})  # noqa: E731
    yield HostileFile("a total row and counts as floats", "facebook", make, 1, "", dropped=1, filename="export.xlsx")


def odd() -> Iterator[tuple[str, Make, int, int, str]]:
    """Workbooks that are read: rows accepted, rejected, and why or with which warning."""
    excel, number = "an error of Excel in place of a number", "not a number"
    yield "numbers, texts and blank cells", lambda: workbook({"Text": None}), 1, 0, ""
    yield "true dates", lambda: workbook({"Day": DAY}), 1, 0, ""
    yield "dates from 1904 with a time", true_dates, 1, 0, ""
    yield "float noise", lambda: workbook({"Amount spent (USD)": 0.1 + 0.2}), 1, 0, ""
    yield "emoji, newline and tab in a name", lambda: workbook({"Ad name": "🌱\n\tb"}), 1, 0, ""
    yield "a blank sheet beside", lambda: workbook({}, Notes=[]), 1, 0, ""
    yield "a sheet of blanks beside", lambda: workbook({}, Notes=[[" ", ""]]), 1, 0, ""
    yield "a formula in a ratio column", lambda: workbook({"ROAS": "=1/0"}), 1, 0, ""
    yield "an error in a measure", lambda: workbook({"Impressions": "#DIV/0!"}, good=30), 30, 1, excel
    yield "a formula without a value", lambda: workbook({"Impressions": "=1+1"}, good=30), 30, 1, excel
    yield "a date in a measure", lambda: workbook({"Impressions": DAY}, good=30), 30, 1, "a date in place of a number"
    yield "a yes in a measure", lambda: workbook({"Impressions": True}, good=30), 30, 1, number
    yield "a fraction of an impression", lambda: workbook({"Impressions": 4.5}, good=30), 30, 1, "fractional count"
    yield "a negative amount", lambda: workbook({"Amount spent (USD)": -1.5}, good=30), 30, 1, "negative"
    formulas = '<row r="32"><c r="A32"><f>A31</f></c><c r="E32"><f>E31</f></c></row>'
    yield "a last row of formulas without values", lambda: rows_with(formulas), 30, 1, "not a date"
    error = row(32, impressions="<v>#N/A</v>", kind="e")
    yield "an error in the XML", lambda: rows_with(error), 30, 1, excel
    yield "a sheet in another folder", lambda: moved_sheet("xl/other/first.xml"), 30, 1, excel
    yield "a sheet with another extension", lambda: moved_sheet("xl/worksheets/first.dat"), 30, 1, excel
    yield "a path in other letters", lambda: moved_sheet("xl/Worksheets/Sheet1.XML"), 30, 1, excel
    yield "a dimension that overstates", lambda: with_part(SHEET, overstated()), 1, 0, ""


def overstated() -> bytes:
    """A sheet that says it were as large as can be."""
    sheet = parts_of(workbook({}))[SHEET]
    start = sheet.index(b'<dimension ref="') + len(b'<dimension ref="')
    return sheet[:start] + b"A1:XFD1048576" + sheet[sheet.index(b'"', start) :]


def broken() -> Iterator[tuple[str, Make, str]]:
    """What is no workbook, or one that a library stumbles over."""
    encrypted = bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le") * 99
    yield "an encrypted or old workbook", lambda: encrypted, "is encrypted, or an .xls workbook"
    yield "no bytes", lambda: b"", "is empty"
    yield "text", lambda: b"Day,Impressions\n", "is no XLSX workbook"
    yield "a web page", lambda: b"<html>", "is no XLSX workbook"
    yield "the begin of an archive", lambda: b"PK\x03\x04" + b"\0" * 60, "is corrupt"
    yield "an archive cut short", lambda: workbook({})[:-400], "is corrupt"
    yield "an archive with its middle overwritten", scribbled, "is corrupt"
    yield "an archive of something else", lambda: packed({"readme.txt": b"x"}), "is a zip archive, but no workbook"
    yield "an archive packed with bzip2", lambda: packed(parts_of(workbook({})), zipfile.ZIP_BZIP2), "is corrupt"
    yield "a part that asks for a password", password, "is encrypted: remove the password"
    yield "two parts of one name", lambda: packed(parts_of(workbook({})) | {"XL/workbook.xml": b"<x/>"}), "same name"
    for name in (SHEET, RELATIONS):
        yield f"no {name}", lambda name=name: with_part(name, None), "is corrupt"  # type: ignore[misc]
    for name in (SHEET, RELATIONS, "xl/workbook.xml", "xl/styles.xml"):
        yield f"a broken {name}", lambda name=name: with_part(name, b"<a><b></a>"), "export.xlsx"  # type: ignore[misc]
    book = "xl/workbook.xml"
    yield "an unknown encoding", lambda: with_part(book, b'<?xml version="1.0" encoding="foo"?><a/>'), "is corrupt"
    yield "an impossible encoding", lambda: with_part(book, b'<?xml version="1.0" encoding="utf-7"?><a/>'), "is corrupt"
    yield "a sheet in UTF-16", lambda: with_part(SHEET, (HEAD + "</sheetData></worksheet>").encode("utf-16")), "NUL"
    yield (
        "a shared text that is not there",
        lambda: rows_with(row(32, impressions="<v>999</v>", kind="s")),
        "is corrupt",
    )
    yield (
        "a cell beyond the last column",
        lambda: with_rows('<row r="2"><c r="ZZZZ2"><v>1</v></c></row>'),
        "export.xlsx",
    )
    yield "a cell in row 0", lambda: with_rows('<row r="0"><c r="A0"><v>1</v></c></row>'), "export.xlsx"
    yield "cells without a place", lambda: with_rows('<row r="2"><c t="e"><v>#N/A</v></c></row>'), "where they stand"
    yield "a NUL in a text", lambda: workbook({"Ad name": "a_x0000_b"}), "holds a NUL character"
    yield "a NUL in the XML", lambda: with_rows(row(2).replace("Spring", "a\0b")), "holds a NUL character"
    yield "no rows", workbook, "has no rows"
    yield "no cells", lambda: files.xlsx_bytes([], []), "is empty"
    yield (
        "two sheets of data",
        lambda: workbook({}, Second=[["a"], [1]]),
        "several sheets with data ('Sheet', 'Second')",
    )
    many = {f"a sheet named {number}": [["x"]] for number in range(60)}
    yield "61 sheets of data", lambda: workbook({}, **many), "several sheets with data"
    yield "no table but a list", lambda: files.xlsx_bytes(["Total"], [[3]]), "has no column for"
    yield (
        "a date that a cell cannot hold",
        lambda: workbook({"Day": 1e300}),
        "1 of 1 rows of export.xlsx cannot be used",
    )


def scribbled() -> bytes:
    """A workbook whose first sheet no longer has its checksum."""
    data = bytearray(workbook({}))
    start = data.index(SHEET.encode()) + 60
    data[start : start + 40] = b"\xaa" * 40
    return bytes(data)


def password() -> bytes:
    """A workbook whose parts say that they are encrypted."""
    data = bytearray(workbook({}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    return bytes(data)


def too_large() -> Iterator[tuple[str, Make, str]]:
    """Workbooks that would take all memory, or all day."""
    blanks = b" " * (180 * 2**20)
    yield "a bomb in a sheet", lambda: with_part(SHEET, blanks), "unpacks to too much"
    yield "a bomb in the texts", lambda: with_part("xl/sharedStrings.xml", blanks), "unpacks to too much"
    yield "a bomb that understates its size", lambda: understated(SHEET, blanks, 900), "is corrupt"
    yield "3,000 parts", lambda: packed(parts_of(workbook({})) | {f"xl/{n}.bin": b"" for n in range(3_000)}), "3,0"
    yield "two cells far apart", lambda: with_part(SHEET, far_apart()), "has a sheet that is too large"
    yield "two cells far apart elsewhere", lambda: moved_sheet("xl/first.dat", far_apart()), "too large"
    yield "two cells at the ends of a row", lambda: with_part(SHEET, far_apart("XFD400")), "too large"
    yield "16,384 columns", lambda: files.xlsx_bytes([f"h{n}" for n in range(16_384)], []), "has 16,384 columns"
    yield "entities", lambda: with_part(SHEET, billion_laughs()), "declares XML entities"
    yield "entities in the list of sheets", lambda: with_part("xl/workbook.xml", billion_laughs()), "XML entities"
    yield "entities in UTF-16", lambda: with_part("xl/workbook.xml", billion_laughs("utf-16")), "NUL character"
    outside = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'
    yield "an entity that reads a file", lambda: with_part("xl/styles.xml", outside), "declares XML entities"
    unclosed = HEAD.encode() + b"<c <f " * 600_000
    yield "tags that never end", lambda: with_part(SHEET, unclosed), "export.xlsx"
