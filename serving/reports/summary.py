"""A report of one week or month beside all the others, asked from the marts by the same queries as Summaries."""

from datetime import UTC, date, datetime

from serving import billing, queries
from serving import format as shown_as
from serving import sources as known_sources
from serving.metrics import METRICS
from serving.periods import Period, previous
from serving.queries import Ask
from serving.reports import contents
from serving.reports.report import Line, Report, Table
from serving.scope import Row, Scope

SHOWN = {"week": 26, "month": 24}  # half a year of weeks, two years of months
LISTED = 5
RANKINGS = {
    "campaigns": "Top campaigns by conversions",
    "creatives": "Top creatives by revenue",
    "underperformers": "Underperformers",
}


def report(scope: Scope, grain: str, start: date, *, as_of: str = "", ask: Ask = queries.ask) -> Report:
    """The report of one `week` or `month` that begins on `start`, with all the others. Raises `PaidMediaError`."""
    rows = ask(queries.summaries, scope, grain, SHOWN[grain])
    row = next(each for each in rows if each["period_start"] == start)
    period = Period(start, row["period_end"])
    before = {name: row[f"previous_{name}"] for name in METRICS}
    has_before = before["impressions"] is not None
    over = scope.over(period)
    sources = ask(queries.month_by_source, scope, start) if grain == "month" else ask(queries.by_source, over)
    return Report(
        title=f"{grain.capitalize()}ly paid media report",
        clients=contents.clients_of(scope, ask),
        currency=scope.currency,
        period=period,
        compared=previous(period) if has_before else None,
        filters=_about(row, grain, scope.currency),
        as_of=as_of,
        made_at=datetime.now(UTC),
        cards=contents.cards_of(row, before if has_before else None),
        days=contents.days_of(ask(queries.trend, over)),
        sources=contents.sources_of(sources),
        table=Table(
            f"{grain.capitalize()}s", (grain.capitalize(), "State"),
            tuple(Line.of(_named(each, grain), each) for each in rows),
        ),
        rankings=tuple(_ranking(scope, grain, start, ranking, title, ask) for ranking, title in RANKINGS.items()),
    )  # fmt: skip


def filename(scope: Scope, grain: str, start: date) -> str:
    """What a file is called, without extension."""
    return f"{contents.who(scope)}_{grain}_{start}"


def _about(row: Row, grain: str, currency: str) -> tuple[tuple[str, str], ...]:
    """What is to say about a week or month."""
    words = [("Sources", "All")]
    if not row["is_complete"]:
        words.append(("State", f"The {grain} is not complete yet"))
    if row["spend_adjustments"]:
        amount = shown_as.shown(billing.ADJUSTMENTS, row["spend_adjustments"], currency)
        words.append((billing.ADJUSTMENTS.label, f"{amount}, booked for closed months and not in the spend"))
        words.append((billing.TO_BILL.label, shown_as.shown(billing.TO_BILL, billing.to_bill(row), currency)))
    return tuple(words)


def _named(row: Row, grain: str) -> tuple[str, str]:
    name = shown_as.period(row["period_start"], row["period_end"], grain)
    return name, "complete" if row["is_complete"] else "incomplete"


def _ranking(scope: Scope, grain: str, start: date, ranking: str, title: str, ask: Ask) -> Table:
    several = len(scope.client_ids) > 1
    headings = ("Campaign" if ranking == "campaigns" else "Creative", "Source", *(["Client"] if several else []))
    lines = tuple(
        Line.of((row["name"], known_sources.title_of(row["source"]), *([row["client_name"]] if several else [])), row)
        for row in ask(queries.highlights, scope, grain, start, ranking, LISTED)
    )
    return Table(title, headings, lines)
