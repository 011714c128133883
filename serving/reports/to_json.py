"""A report as JSON: amounts are numbers with exactly the digits that are shown, not binary fractions near them."""

from typing import Any

import simplejson

from serving.reports.report import Line, Report, Table, Values


def write(report: Report) -> bytes:
    """The file."""
    content = {
        "title": report.title,
        "clients": list(report.clients),
        "currency": report.currency,
        "from": report.period.start.isoformat(),
        "to": report.period.end.isoformat(),
        "compared_from": report.compared.start.isoformat() if report.compared else None,
        "compared_to": report.compared.end.isoformat() if report.compared else None,
        "filters": dict(report.filters),
        "as_of": report.as_of,
        "made_at": report.made_at.isoformat(timespec="seconds"),
        "metrics": {card.metric.name: card.value for card in report.cards},
        "change_pct": {card.metric.name: card.change for card in report.cards},
        "days": [{"date": day.date.isoformat()} | _values(day.values) for day in report.days],
        "sources": _table(report.sources),
        "rankings": [_table(ranking) for ranking in report.rankings],
        "table": _table(report.table),
    }
    words: str = simplejson.dumps(content, use_decimal=True, ensure_ascii=False, indent=1)
    return words.encode()


def _table(table: Table) -> dict[str, Any]:
    keys = [heading.lower() for heading in table.headings]
    return {
        "title": table.title,
        "rows": [_line(keys, line) for line in table.lines],
        "total": _values(table.total.values) if table.total else None,
        "left_out": table.left_out,
    }


def _line(keys: list[str], line: Line) -> dict[str, Any]:
    return dict(zip(keys, line.names, strict=True)) | _values(line.values)


def _values(values: Values) -> dict[str, Any]:
    return dict(values)
