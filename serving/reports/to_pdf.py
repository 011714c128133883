"""A report for a client's desk: a cover line, the nine numbers, charts, tables; landscape A4, every page numbered."""

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import ttf_opensans
from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from serving import format as shown_as
from serving.metrics import METRICS
from serving.reports.report import READ, Card, Report, Table
from serving.reports.report import Line as TableLine

PAGE = landscape(A4)
MARGIN = 14 * mm
WIDTH = PAGE[0] - 2 * MARGIN - 12  # a frame keeps 6 points free at either side
NUMBER_WIDTH = 19 * mm
REGULAR, BOLD = "OpenSans", "OpenSans-Bold"  # Latin, Greek and Cyrillic; a sign of another script is an empty box
BRAND, TEXT, SOFT, RULE = (colors.HexColor(code) for code in ("#0f6e74", "#17242b", "#5d6d76", "#dbe2e5"))
PALE, GOOD, BAD = (colors.HexColor(code) for code in ("#f4f6f7", "#1a7f4b", "#c2362b"))
CHARTED = ("spend", "impressions", "conversion_revenue")
CARDS_IN_A_ROW = 5
WEIGHTS = {"Source": 0.7, "Strategy": 0.9, "Placement": 1.3, "Creative": 1.5}  # of the columns of names


def write(report: Report) -> bytes:
    """The file."""
    _register_fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=PAGE, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=17 * mm,
        title=f"{report.title}: {report.who}, {report.when}", author="Paid media", lang="en",
    )  # fmt: skip
    story = [
        *_cover(report),
        _cards(report),
        Spacer(0, 3 * mm),
        *(_chart(report, name) for name in CHARTED),
        *(part for table in report.tables for part in _table(report, table)),
        *_days(report),
    ]
    footer = f"{report.who} · {report.when} · {report.as_of} · made on {shown_as.moment(report.made_at)}"
    document.build(story, canvasmaker=lambda *given, **named: _Numbered(*given, footer=footer, **named))
    return out.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]
    """Writes `page x of y` when it knows how many there are."""

    def __init__(self, *given: Any, footer: str, **named: Any) -> None:
        super().__init__(*given, **named)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 – reportlab's name
        """Keep the page for later."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write every page with its number."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(REGULAR, 7.5)
            self.setFillColor(SOFT)
            self.drawString(MARGIN, 9 * mm, _fitting(self._footer, REGULAR, 7.5, WIDTH - 30 * mm))
            self.drawRightString(PAGE[0] - MARGIN, 9 * mm, f"Page {number} of {len(self._pages)}")
            super().showPage()
        super().save()


def _cover(report: Report) -> list[Any]:
    against = f", compared with {report.against}" if report.against else ""
    lines = [f"{report.when}{against}. Amounts in {report.currency}."]
    lines += [f"{label}: {value}" for label, value in report.filters]
    head = [
        Paragraph(escape(report.title), _style(22, BOLD, BRAND, leading=28)),
        Paragraph(escape(report.who), _style(13, BOLD, leading=18)),
        *(Paragraph(escape(line), _style(9, colour=SOFT, leading=13)) for line in lines),
    ]
    rule = Drawing(WIDTH, 4 * mm)
    rule.add(Line(0, 2 * mm, WIDTH, 2 * mm, strokeColor=BRAND, strokeWidth=2))
    return [*head, rule]


def _cards(report: Report) -> Any:
    width = WIDTH / CARDS_IN_A_ROW
    cells: list[Any] = [_card(report, card) for card in report.cards]
    cells += [""] * (-len(cells) % CARDS_IN_A_ROW)
    rows = [cells[at : at + CARDS_IN_A_ROW] for at in range(0, len(cells), CARDS_IN_A_ROW)]
    style = TableStyle(
        [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 6), ("TOPPADDING", (0, 0), (-1, -1), 5),
         ("BOTTOMPADDING", (0, 0), (-1, -1), 6), ("INNERGRID", (0, 0), (-1, -1), 3, colors.white),
         ("BACKGROUND", (0, 0), (-1, -1), PALE)]
    )  # fmt: skip
    return LongTable(rows, colWidths=[width] * CARDS_IN_A_ROW, style=style)


def _card(report: Report, card: Card) -> list[Any]:
    value = report.shown(card.metric, card.value, unit=True)
    parts = [
        Paragraph(escape(card.metric.label), _style(8, colour=SOFT)),
        Paragraph(escape(value), _style(13, BOLD, leading=18)),
    ]
    if card.change is not None:
        is_good = card.metric.better and card.change and (card.change > 0) == (card.metric.better == "up")
        is_judged = card.metric.better is not None and card.change != 0
        colour = (GOOD if is_good else BAD) if is_judged else SOFT
        parts.append(Paragraph(f"{card.change:+,} %", _style(8, colour=colour)))
    return parts


def _chart(report: Report, name: str) -> Any:
    """A metric per day: a line over a base line, with its highest value and its first and last day."""
    metric, height, left = METRICS[name], 17 * mm, 24 * mm
    values = [day.values[name] for day in report.days]
    top = max((float(value) for value in values if value is not None), default=0.0) or 1.0
    width = WIDTH - left
    step = width / max(len(values) - 1, 1)
    drawing = Drawing(WIDTH, height + 13 * mm)
    base = 6 * mm
    drawing.add(
        String(
            0, height + base + 3 * mm, f"{report.heading(metric)} per day", fontName=BOLD, fontSize=9, fillColor=TEXT
        )
    )
    for share in (0, 0.5, 1):
        y = base + share * height
        drawing.add(Line(left, y, WIDTH, y, strokeColor=RULE, strokeWidth=0.5))
        label = f"{round(top * share):,}"
        drawing.add(String(left - 2 * mm, y - 2, label, fontName=REGULAR, fontSize=7, fillColor=SOFT, textAnchor="end"))
    for piece in _pieces(values):
        points = [(left + place * step, base + float(value) / top * height) for place, value in piece]
        if len(points) == 1:
            drawing.add(Rect(points[0][0] - 1, points[0][1] - 1, 2, 2, fillColor=BRAND, strokeColor=None))
        else:
            flat = [number for point in points for number in point]
            drawing.add(PolyLine(flat, strokeColor=BRAND, strokeWidth=1.3))
    for x, day, anchor in ((left, report.period.start, "start"), (WIDTH, report.period.end, "end")):
        drawing.add(
            String(x, 1 * mm, shown_as.day(day), fontName=REGULAR, fontSize=7, fillColor=SOFT, textAnchor=anchor)
        )
    return KeepTogether([drawing])


def _pieces(values: Sequence[Any]) -> list[list[tuple[int, Any]]]:
    """The days with a number, in runs without a gap."""
    pieces: list[list[tuple[int, Any]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((place, value))
    return [piece for piece in pieces if piece]


def _table(report: Report, table: Table) -> list[Any]:
    headings = (*table.headings, *(report.heading(metric) for metric in report.metrics))
    rows = [_cells(report, line) for line in table.lines[:READ]]
    if table.total:
        rows.append(_cells(report, table.total, bold=True))
    rest = table.left_out + len(table.lines[READ:])
    note = [Paragraph(f"{rest:,} more are not listed; the total counts them.", _style(8, colour=SOFT))] if rest else []
    grid = _grid(headings, rows, names=len(table.headings), has_total=table.total is not None)
    return [_subtitle(table.title), grid, *note]


def _days(report: Report) -> list[Any]:
    headings = ("Day", *(report.heading(metric) for metric in report.metrics))
    rows = [_cells(report, TableLine((shown_as.day(day.date),), day.values)) for day in report.days]
    return [_subtitle("Days"), _grid(headings, rows, names=1)]


def _cells(report: Report, line: TableLine, *, bold: bool = False) -> list[Any]:
    font = BOLD if bold else REGULAR
    names = [Paragraph(escape(" ".join(name.split())), _style(7.5, font, leading=9.5)) for name in line.names]
    right = _style(7.5, font, leading=9.5, right=True)
    return [
        *names,
        *(Paragraph(report.shown(metric, line.values[metric.name]), right) for metric in report.metrics),
    ]


def _grid(headings: Sequence[str], rows: list[list[Any]], *, names: int, has_total: bool = False) -> Any:
    numbers = len(headings) - names
    weights = [WEIGHTS.get(heading, 1.0) for heading in headings[:names]]
    unit = (WIDTH - numbers * NUMBER_WIDTH) / sum(weights)
    head = [
        Paragraph(escape(heading), _style(7.5, BOLD, colors.white, leading=9.5, right=number >= names))
        for number, heading in enumerate(headings)
    ]
    style = [
        ("BACKGROUND", (0, 0), (-1, 0), BRAND), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE), ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3), ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]  # fmt: skip
    if has_total:
        style.append(("LINEABOVE", (0, -1), (-1, -1), 1.2, BRAND))
    widths = [weight * unit for weight in weights] + [NUMBER_WIDTH] * numbers
    return LongTable([head, *rows], colWidths=widths, repeatRows=1, style=TableStyle(style), hAlign="LEFT")


def _subtitle(words: str) -> Any:
    return Paragraph(escape(words), _style(12, BOLD, leading=16, before=6 * mm, after=2 * mm, with_next=True))


def _style(
    size: float, font: str = REGULAR, colour: Any = TEXT, *, leading: float | None = None, right: bool = False,
    before: float = 0, after: float = 0, with_next: bool = False,
) -> ParagraphStyle:  # fmt: skip
    return ParagraphStyle(
        "words", fontName=font, fontSize=size, textColor=colour, leading=leading or size * 1.35,
        alignment=2 if right else 0, spaceBefore=before, spaceAfter=after, keepWithNext=with_next, splitLongWords=True,
    )  # fmt: skip


def _fitting(words: str, font: str, size: float, width: float) -> str:
    """The words, cut where they would not fit on the line."""
    if pdfmetrics.stringWidth(words, font, size) <= width:
        return words
    while words and pdfmetrics.stringWidth(f"{words}…", font, size) > width:
        words = words[:-1]
    return f"{words}…"


@lru_cache(maxsize=1)
def _register_fonts() -> None:
    folder = Path(ttf_opensans.__file__).parent / "ttf"
    for name, file in ((REGULAR, "OpenSans-Regular.ttf"), (BOLD, "OpenSans-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))
