"""A report as Markdown: every name is escaped, so that none of them formats anything."""

from collections.abc import Iterable, Sequence

from serving import format as shown_as
from serving.reports.report import READ, Line, Report, Table


def write(report: Report) -> bytes:
    """The file."""
    against = [f"Compared with {report.against}."] if report.against else []
    parts = [
        f"# {report.title}",
        f"**{_one_line(report.who)}**, {report.when}, in {report.currency}. {' '.join(against)}".rstrip(),
        "\n".join(f"- {label}: {_one_line(value)}" for label, value in report.filters),
        _rows(
            ("", "Value", "Change"),
            (
                (card.metric.label, report.shown(card.metric, card.value, unit=True), _change(card.change))
                for card in report.cards
            ),
        ),
        *(part for table in report.tables for part in _table(report, table)),
        "## Days",
        _rows(
            ("Day", *(report.heading(metric) for metric in report.metrics)),
            (
                (day.date.isoformat(), *(report.shown(metric, day.values[metric.name]) for metric in report.metrics))
                for day in report.days
            ),
        ),
        f"{_one_line(report.as_of)} Made on {shown_as.moment(report.made_at)}.".strip(),
    ]
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _table(report: Report, table: Table) -> list[str]:
    lines = [_cells(report, line) for line in table.lines[:READ]]
    if table.total:
        lines.append(_cells(report, table.total))
    rest = table.left_out + len(table.lines[READ:])
    note = [f"{rest:,} more are not listed; the total counts them."] if rest else []
    headings = (*table.headings, *(report.heading(metric) for metric in report.metrics))
    return [f"## {table.title}", _rows(headings, lines), *note]


def _cells(report: Report, line: Line) -> tuple[str, ...]:
    values = (report.shown(metric, line.values[metric.name]) for metric in report.metrics)
    return (*map(_one_line, line.names), *values)


def _rows(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [headings, ["---"] * len(headings), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _change(change: object) -> str:
    return shown_as.ABSENT if change is None else f"{change:+,} %"


def _one_line(name: str) -> str:
    return shown_as.escaped(" ".join(name.split()))
