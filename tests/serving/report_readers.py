"""Reports read back, each format by a program that is not ours."""

import csv
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import openpyxl
from pypdf import PdfReader

from serving import format as shown_as
from serving.metrics import METRICS

Values = dict[str, Decimal | None]


def number(cell: Any) -> Decimal | None:
    """A cell as a number, however a format writes it."""
    plain = re.sub(r"[,  ]|USD|%", "", str(cell if cell is not None else ""))
    return None if plain in ("", shown_as.ABSENT) else Decimal(plain)


def values(cells: Any) -> Values:
    return dict(zip(METRICS, map(number, cells), strict=True))


# Each gives the lines of the table and its totals, of a report without rankings.
def of_csv(data: bytes) -> tuple[list[Values], Values]:
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    rows = [values(line[-9:]) for line in lines[1:]]
    return rows[:-1], rows[-1]


def of_xlsx(data: bytes) -> tuple[list[Values], Values]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert (book.sheetnames[:2], book.sheetnames[3:]) == (["Overview", "Sources"], ["Days"])
    rows = [
        {name: None if cell is None else rounded(name, cell) for name, cell in zip(METRICS, line[-9:], strict=True)}
        for line in book.worksheets[2].iter_rows(min_row=2, values_only=True)
    ]
    return rows[:-1], rows[-1]


def rounded(name: str, value: float) -> Decimal:
    """A binary fraction as the decimal that it stands for."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-METRICS[name].decimals))


def of_json(data: bytes) -> tuple[list[Values], Values]:
    content = json.loads(data, parse_float=Decimal, parse_int=Decimal)
    pick = lambda row: {name: row[name] for name in METRICS}  # noqa: E731
    assert pick(content["metrics"]) == pick(content["table"]["total"])
    return [pick(row) for row in content["table"]["rows"]], pick(content["table"]["total"])


def of_md(data: bytes) -> tuple[list[Values], Values]:
    section = data.decode().split("\n## ")[2]
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in section.splitlines() if line.startswith("|")]
    rows = [values(line[-9:]) for line in lines[2:]]
    return rows[:-1], rows[-1]


class Cells(HTMLParser):
    """The cells of the table, and every tag and text of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.cards: list[str] = []
        self._inside = self._cell = self._card = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "table":
            self._inside = given.get("id") == "table"
        elif tag == "tr" and self._inside:
            self.rows.append([])
        self._cell = self._inside and tag == "td"
        if self._cell:
            self.rows[-1].append("")
        self._card = tag == "span" and "data-metric" in given

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._card = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[-1][-1] += data
        if self._card:
            self.cards.append(data)


def parsed(data: bytes) -> Cells:
    found = Cells()
    found.feed(data.decode())
    return found


def of_html(data: bytes) -> tuple[list[Values], Values]:
    page = parsed(data)
    rows = [values(row[-9:]) for row in page.rows if row]
    assert values(page.cards) == rows[-1]
    return rows[:-1], rows[-1]


READERS: dict[str, Callable[[bytes], tuple[list[Values], Values]]] = {
    "csv": of_csv, "xlsx": of_xlsx, "json": of_json, "md": of_md, "html": of_html,
}  # fmt: skip


def pages_of_pdf(data: bytes) -> list[str]:
    """The words of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]
