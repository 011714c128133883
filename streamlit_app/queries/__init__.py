"""Every question that the app asks the marts, in plain SQL: summed in Postgres, parameters bound, answers cached.

    page → scope → query here → marts

Answers are lists of plain dicts; counts are int, amounts and ratios exact Decimals, unrounded. A ratio is always taken
from sums. Each raises `PaidMediaError` when the database is away or the marts are of another version. One module per
subject; besides these only `ledger` and services of `warehouse` talk to the database.
"""

from streamlit_app.queries.asking import AS_VIEWER
from streamlit_app.queries.catalog import clients, freshness, reading
from streamlit_app.queries.changes import restatements
from streamlit_app.queries.choices import campaigns, choices, names, path
from streamlit_app.queries.delivered import breakdown, by_source, totals, trend
from streamlit_app.queries.periods import adjustments, month_by_source, summaries
from streamlit_app.queries.rankings import highlights, leaders

__all__ = [
    "AS_VIEWER",
    "adjustments",
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
