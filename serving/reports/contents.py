"""A report of what the filters show, asked from the marts by the same queries as Overview and Performance."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from serving import format as shown_as
from serving import queries
from serving import sources as known_sources
from serving.format import Number
from serving.metrics import METRICS
from serving.queries import Ask
from serving.reports.report import Card, Day, Line, Report, Table
from serving.scope import PLURALS, Node, Row, Scope, levels_shown

MOST = 100_000  # lines of a table in a file for programs


def report(
    scope: Scope,
    *,
    level: str = "campaign",
    inside: Node | None = None,
    ranked_by: str = "impressions",
    as_of: str = "",
    ask: Ask = queries.ask,
) -> Report:
    """The report of a scope, or of one entity of it, with a table of a level. Raises `PaidMediaError`."""
    total = ask(queries.totals, scope, inside)
    before = ask(queries.totals, scope.over(scope.compared), inside) if scope.compared else None
    return Report(
        title="Paid media report",
        clients=clients_of(scope, ask),
        currency=scope.currency,
        period=scope.period,
        compared=scope.compared,
        filters=_filters(scope, inside, ask),
        as_of=as_of,
        made_at=datetime.now(UTC),
        cards=cards_of(total, before),
        days=days_of(ask(queries.trend, scope, inside)),
        sources=sources_of(ask(queries.by_source, scope, inside)),
        table=_table(scope, level, inside, ranked_by, total),
    )


def filename(scope: Scope) -> str:
    """What a file of the scope is called, without extension."""
    return f"{who(scope)}_{scope.period.start}_{scope.period.end}"


def who(scope: Scope) -> str:
    """The client's slug, or how many clients there are."""
    return scope.client_ids[0] if len(scope.client_ids) == 1 else f"{len(scope.client_ids)}-clients"


def clients_of(scope: Scope, ask: Ask) -> tuple[str, ...]:
    """The names of the clients, of those that the viewer may see."""
    names = {row["client_id"]: row["client_name"] for row in ask(queries.clients, scope.reading)}
    return tuple(names[client_id] for client_id in scope.client_ids if client_id in names)


def cards_of(total: Row, before: Row | None) -> tuple[Card, ...]:
    """The nine numbers and their change."""
    return tuple(
        Card(
            metric,
            shown_as.rounded(metric, total[name]),
            _change(total[name], before[name]) if before else None,
        )
        for name, metric in METRICS.items()
    )


def days_of(rows: Sequence[Row]) -> tuple[Day, ...]:
    """Every day of a trend; none where no day has a number, as in a month whose rows are archived."""
    if all(row["impressions"] is None for row in rows):
        return ()
    return tuple(Day(row["date"], Line.of((), row).values) for row in rows)


def _change(current: Number | None, previous: Number | None) -> Decimal | None:
    percent = shown_as.change(current, previous)
    return None if percent is None else shown_as.quantized(percent, 1)


def _filters(scope: Scope, inside: Node | None, ask: Ask) -> tuple[tuple[str, str], ...]:
    chosen = [("Sources", ", ".join(map(known_sources.title_of, scope.sources)))]
    for level, ids in scope.narrowed.items():
        chosen.append((PLURALS[level].capitalize(), ", ".join(ask(queries.names, scope.reading, level, ids))))
    if inside:
        chosen.append((inside.level.capitalize(), inside.name))
    return tuple(chosen)


def sources_of(rows: Sequence[Row]) -> Table:
    """The table of the sources."""
    lines = tuple(Line.of((known_sources.title_of(row["source"]),), row) for row in rows)
    return Table("Sources", ("Source",), lines)


def _table(scope: Scope, level: str, inside: Node | None, ranked_by: str, sums: Row) -> Table:
    several = len(scope.client_ids) > 1
    levels = levels_shown(level, inside)
    headings = (*(name.capitalize() for name in levels), "Source", *(["Client"] if several else []))
    rows = queries.breakdown(scope, level, inside, ranked_by, MOST)  # too many for anybody to keep
    lines = tuple(
        Line.of(
            (
                *(row[f"{name}_name"] for name in levels),
                known_sources.title_of(row["source"]),
                *([row["client_name"]] if several else []),
            ),
            row,
        )
        for row in rows
    )
    total = Line.of(("Total", *[""] * (len(headings) - 1)), sums)
    entities = rows[0]["entities"] if rows else 0
    return Table(PLURALS[level].capitalize(), headings, lines, total, entities)
