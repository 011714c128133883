"""The table of a report as CSV: UTF-8 with a mark for Excel, numbers without thousands signs, the totals at the end."""

import csv
import io

from serving.reports.report import Line, Report
from warehouse.deliveries.rejects import harmless


def write(report: Report) -> bytes:
    """The file."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((*report.table.headings, *(report.heading(metric) for metric in report.metrics)))
    for line in (*report.table.lines, *([report.table.total] if report.table.total else [])):
        writer.writerow(_cells(report, line))
    return out.getvalue().encode("utf-8-sig")


def _cells(report: Report, line: Line) -> list[str]:
    values = (line.values[metric.name] for metric in report.metrics)
    return [*map(harmless, line.names), *("" if value is None else str(value) for value in values)]
