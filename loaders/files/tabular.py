"""Bytes → cells: is the file what its name says, and may it be opened at all?

The limits hold before anything is parsed. What the cells mean is decided elsewhere (`columns`, `parsing`).
"""

import re

from loaders.errors import LoadRefused
from loaders.files import csv_text, workbook
from loaders.files.cells import Table

ZIP = b"PK\x03\x04"
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")  # an encrypted workbook, or one of Excel before 2007
EXTENSIONS = (".csv", ".xlsx")


def check_name(filename: str) -> str:
    """The extension, lower-case. Raises `LoadRefused` for a name with a path or an extension that is not read."""
    if re.search(r"[/\\\x00]", filename) or filename in ("", ".", ".."):
        raise LoadRefused(f"the file name {filename!r} holds a path", fix="give the bare name")
    extension = "." + filename.rpartition(".")[2].lower()
    if "." not in filename or extension not in EXTENSIONS:
        raise LoadRefused(f"{filename} is neither CSV nor XLSX", fix="export as .csv or .xlsx")
    return extension


def check_size(size: int, filename: str, max_size: int) -> None:
    """Raises `LoadRefused` for a file of more than `max_size` bytes, or of none."""
    if size > max_size:
        found = f"{size / 2**20:,.1f} MB, more than {max_size / 2**20:,.1f} MB"
        raise LoadRefused(f"{filename} is too large", where=found, fix="export fewer days, or raise MAX_UPLOAD_SIZE")
    if size == 0:
        raise LoadRefused(f"{filename} is empty", fix="export it again")


def read_table(data: bytes, filename: str, *, max_size: int) -> Table:
    """Open a CSV or XLSX file. Raises `LoadRefused` with what is wrong, where and how to mend it.

    Batches are read when asked for, so a defect further down is raised while reading them.
    """
    extension = check_name(filename)
    check_size(len(data), filename, max_size)
    if extension == ".csv":
        if data.startswith((ZIP, COMPOUND)):
            raise LoadRefused(f"{filename} is a workbook, not CSV", fix="rename it to .xlsx, or export it as CSV")
        if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)", data[:200], re.IGNORECASE):
            raise LoadRefused(f"{filename} is a web page, not CSV", fix="download the export again")
        return csv_text.read(data, filename)
    if data.startswith(COMPOUND):
        fix = "remove the password and save it as .xlsx"
        raise LoadRefused(f"{filename} is encrypted, or an .xls workbook", fix=fix)
    if not data.startswith(ZIP):
        raise LoadRefused(f"{filename} is no XLSX workbook", fix="rename it to .csv if it is text, or export it again")
    return workbook.read(data, filename)
