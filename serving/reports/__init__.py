"""Reports to take away: one report of what the filters show, and a writer for each format. All say the same numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from serving.reports.report import Report

__all__ = ["FORMATS", "Format", "Report"]


@dataclass(frozen=True)
class Format:
    """A kind of file. Its writer is imported when it is needed: some of them take a moment."""

    label: str
    extension: str
    mime: str
    about: str

    def write(self, report: Report) -> bytes:
        """The file."""
        writer: Callable[[Report], bytes] = import_module(f"serving.reports.to_{self.extension}").write
        return writer(report)


FORMATS = (
    Format("PDF", "pdf", "application/pdf", "To print and to read: numbers, charts and tables on numbered pages."),
    Format(
        "Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "A workbook: a sheet for each table, with charts.",
    ),
    Format("CSV", "csv", "text/csv", "The table alone, with its totals as the last line."),
    Format("JSON", "json", "application/json", "Everything, for a program."),
    Format("HTML", "html", "text/html", "One page that needs nothing else."),
    Format("Markdown", "md", "text/markdown", "For a message or a wiki."),
)  # fmt: skip
