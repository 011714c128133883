"""A report as a workbook: numbers are numbers, names are text that nothing runs, and Excel draws the charts itself."""

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from serving import format as shown_as
from serving.metrics import Metric
from serving.reports.report import Report, Table, Values
from warehouse.deliveries.rejects import harmless

BRAND = "#0f6e74"
NAME_WIDTH, NUMBER_WIDTH = 34, 16
CHARTED = ("impressions", "spend", "conversion_revenue")
FORMATS = {0: "#,##0", 2: "#,##0.00", 4: "#,##0.0000", 6: "#,##0.000000"}


def write(report: Report) -> bytes:
    """The file."""
    out = io.BytesIO()
    # Nothing that begins with = may become a formula, and no name an address that opens when it is pressed.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        _Writer(book, report).write()
    return out.getvalue()


class _Writer:
    """Writes the sheets of one report."""

    def __init__(self, book: Any, report: Report) -> None:
        self.book, self.report = book, report
        self.bold = book.add_format({"bold": True})
        self.title = book.add_format({"bold": True, "font_size": 18, "font_color": BRAND})
        self.soft = book.add_format({"font_color": "#5d6d76"})
        self.head = book.add_format(
            {"bold": True, "bg_color": BRAND, "font_color": "#ffffff", "text_wrap": True, "valign": "top"}
        )
        self.numbers = {decimals: book.add_format({"num_format": code}) for decimals, code in FORMATS.items()}
        self.sums = {
            decimals: book.add_format({"num_format": code, "bold": True, "top": 2})
            for decimals, code in FORMATS.items()
        }
        self.total = book.add_format({"bold": True, "top": 2})
        self.percent = book.add_format({"num_format": '+#,##0.0" %";-#,##0.0" %";0" %"'})

    def write(self) -> None:
        """Overview first, then a sheet for each table."""
        overview = self.book.add_worksheet("Overview")
        for table in self.report.tables:
            self._table(table)
        self._days()
        self._overview(overview)

    def _overview(self, sheet: Any) -> None:
        report = self.report
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 2, 20)
        sheet.write_string(0, 0, report.title, self.title)
        lines = [("Clients", report.who), ("Days", report.when), ("Compared with", report.against or shown_as.ABSENT)]
        lines += [("Currency", report.currency), *report.filters]
        lines += [("Data", report.as_of or shown_as.ABSENT), ("Made on", shown_as.moment(report.made_at))]
        for row, (label, value) in enumerate(lines, start=2):
            sheet.write_string(row, 0, label, self.soft)
            sheet.write_string(row, 1, harmless(value))
        top = len(lines) + 3
        for column, heading in enumerate(("", "Value", "Change")):
            sheet.write_string(top, column, heading, self.head)
        for row, card in enumerate(report.cards, start=top + 1):
            sheet.write_string(row, 0, report.heading(card.metric), self.bold)
            self._number(sheet, row, 1, card.metric, card.value, self.numbers)
            if card.change is not None:
                sheet.write_number(row, 2, float(card.change), self.percent)
        for place, name in enumerate(CHARTED):
            sheet.insert_chart(2 + place * 15, 4, self._chart(name), {"object_position": 2})

    def _chart(self, name: str) -> Any:
        report = self.report
        column = [metric.name for metric in report.metrics].index(name) + 1
        metric = report.metrics[column - 1]
        last = max(len(report.days), 1)
        chart = self.book.add_chart({"type": "line"})
        chart.add_series(
            {
                "name": metric.label,
                "categories": ["Days", 1, 0, last, 0],
                "values": ["Days", 1, column, last, column],
                "line": {"color": BRAND, "width": 2},
            }
        )
        chart.set_title({"name": f"{report.heading(metric)} per day", "name_font": {"size": 11}})
        chart.set_legend({"none": True})
        chart.set_x_axis({"date_axis": True, "num_format": "d mmm"})
        chart.set_size({"width": 720, "height": 280})
        return chart

    def _table(self, table: Table) -> None:
        sheet = self.book.add_worksheet(table.title)
        names = len(table.headings)
        self._headings(sheet, table.headings)
        for row, line in enumerate(table.lines, start=1):
            for column, name in enumerate(line.names):
                sheet.write_string(row, column, harmless(name))
            self._values(sheet, row, names, line.values, self.numbers)
        if table.total:
            row = len(table.lines) + 1
            for column, name in enumerate(table.total.names):
                sheet.write_string(row, column, name, self.total)
            self._values(sheet, row, names, table.total.values, self.sums)
        if table.lines:
            sheet.autofilter(0, 0, len(table.lines), names + len(self.report.metrics) - 1)
        if table.left_out:
            sheet.write_string(
                len(table.lines) + 3, 0, f"{table.left_out:,} more are not listed; the total counts them."
            )

    def _days(self) -> None:
        sheet = self.book.add_worksheet("Days")
        self._headings(sheet, ("Day",))
        day_format = self.book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        for row, day in enumerate(self.report.days, start=1):
            sheet.write_datetime(row, 0, day.date, day_format)
            self._values(sheet, row, 1, day.values, self.numbers)

    def _headings(self, sheet: Any, names: Sequence[str]) -> None:
        for column, heading in enumerate((*names, *(self.report.heading(metric) for metric in self.report.metrics))):
            sheet.write_string(0, column, heading, self.head)
        sheet.set_column(0, len(names) - 1, NAME_WIDTH if names != ("Day",) else 12)
        sheet.set_column(len(names), len(names) + len(self.report.metrics) - 1, NUMBER_WIDTH)
        sheet.freeze_panes(1, 1)

    def _values(self, sheet: Any, row: int, first: int, values: Values, formats: dict[int, Any]) -> None:
        for column, metric in enumerate(self.report.metrics, start=first):
            self._number(sheet, row, column, metric, values[metric.name], formats)

    def _number(self, sheet: Any, row: int, column: int, metric: Metric, value: Any, formats: dict[int, Any]) -> None:
        style = formats[metric.decimals]
        if value is None:
            sheet.write_blank(row, column, None, style)
        else:
            sheet.write_number(row, column, float(value), style)
