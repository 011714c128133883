"""A report of what the filters show, asked from the marts by the same queries as the pages."""

from datetime import UTC, datetime
from decimal import Decimal
from inspect import unwrap

from streamlit_app import format as shown_as
from streamlit_app import queries
from streamlit_app.exports.report import Card, Day, Line, Report, Table
from streamlit_app.format import Number
from streamlit_app.metrics import METRICS
from streamlit_app.scope import PLURALS, Node, Scope, levels_shown

MOST = 100_000  # lines of a table in a file for programs


def report(
    scope: Scope,
    *,
    level: str = "campaign",
    inside: Node | None = None,
    ranked_by: str = "impressions",
    as_of: str = "",
) -> Report:
    """The report of a scope, or of one entity of it, with a table of a level. Raises `PaidMediaError`."""
    total = queries.totals(scope, inside)
    before = queries.totals(scope.over(scope.compared), inside) if scope.compared else None
    names = {row["client_id"]: row["client_name"] for row in queries.clients(scope.reading)}
    cards = tuple(
        Card(
            metric,
            shown_as.rounded(metric, total[name]),
            _change(total[name], before[name]) if before else None,
        )
        for name, metric in METRICS.items()
    )
    return Report(
        title="Paid media report",
        clients=tuple(names[client_id] for client_id in scope.client_ids if client_id in names),
        currency=scope.currency,
        period=scope.period,
        compared=scope.compared,
        filters=_filters(scope, inside),
        as_of=as_of,
        made_at=datetime.now(UTC),
        cards=cards,
        days=tuple(Day(row["date"], Line.of((), row).values) for row in queries.trend(scope, inside)),
        sources=_sources(scope, inside),
        table=_table(scope, level, inside, ranked_by),
    )


def filename(scope: Scope) -> str:
    """What a file of the scope is called, without extension: the client's slug, or how many there are, and the days."""
    who = scope.client_ids[0] if len(scope.client_ids) == 1 else f"{len(scope.client_ids)}-clients"
    return f"{who}_{scope.period.start}_{scope.period.end}"


def _change(current: Number | None, previous: Number | None) -> Decimal | None:
    percent = shown_as.change(current, previous)
    return None if percent is None else shown_as.quantized(percent, 1)


def _filters(scope: Scope, inside: Node | None) -> tuple[tuple[str, str], ...]:
    chosen = [("Sources", ", ".join(map(shown_as.source_name, scope.sources)))]
    if scope.campaign_ids:
        rows = queries.campaigns(scope.reading, scope.client_ids, scope.sources)
        named = [row["campaign_name"] for row in rows if row["campaign_id"] in scope.campaign_ids]
        chosen.append(("Campaigns", ", ".join(named)))
    if inside:
        chosen.append((inside.level.capitalize(), inside.name))
    return tuple(chosen)


def _sources(scope: Scope, inside: Node | None) -> Table:
    rows = queries.by_source(scope, inside)
    lines = tuple(Line.of((shown_as.source_name(row["source"]),), row) for row in rows)
    return Table("Sources", ("Source",), lines)


def _table(scope: Scope, level: str, inside: Node | None, ranked_by: str) -> Table:
    several = len(scope.client_ids) > 1
    levels = levels_shown(level, inside)
    headings = (*(name.capitalize() for name in levels), "Source", *(["Client"] if several else []))
    rows = unwrap(queries.breakdown)(scope, level, inside, ranked_by, MOST)  # too many for the cache of the pages
    lines = tuple(
        Line.of(
            (
                *(row[f"{name}_name"] for name in levels),
                shown_as.source_name(row["source"]),
                *([row["client_name"]] if several else []),
            ),
            row,
        )
        for row in rows
    )
    total = Line.of(("Total", *[""] * (len(headings) - 1)), queries.totals(scope, inside))
    entities = rows[0]["entities"] if rows else 0
    return Table(PLURALS[level].capitalize(), headings, lines, total, entities)
