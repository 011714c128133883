"""Every question to the marts, in plain SQL: summed in Postgres, parameters bound.

    viewer → reading → scope → query here → marts

Answers are lists of plain dicts; counts are int, amounts and ratios exact Decimals, unrounded. A ratio is always taken
from sums. Each raises `PaidMediaError` when the database is away or the marts are of another version. One module per
subject; besides these only `ledger` and services of `warehouse` talk to the database. Nothing is kept here: who keeps
answers has an `Ask` of their own, as the app does.
"""

from serving.queries.asking import AS_VIEWER, Ask, ask
from serving.queries.catalog import clients, freshness, reading
from serving.queries.changes import restatements
from serving.queries.choices import campaigns, choices, names, path
from serving.queries.delivered import breakdown, by_source, totals, trend
from serving.queries.periods import adjustments, month_by_source, summaries
from serving.queries.rankings import highlights, leaders

__all__ = [
    "AS_VIEWER",
    "Ask",
    "adjustments",
    "ask",
    "breakdown",
    "by_source",
    "campaigns",
    "choices",
    "clients",
    "freshness",
    "highlights",
    "leaders",
    "month_by_source",
    "names",
    "path",
    "reading",
    "restatements",
    "summaries",
    "totals",
    "trend",
]
