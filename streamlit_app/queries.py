"""Every question that the app asks the marts, in plain SQL: summed in Postgres, parameters bound, answers cached.

    page → scope → query here → marts

Answers are lists of plain dicts; counts are int, amounts and ratios exact Decimals, unrounded. A ratio is always taken
from sums. Each raises `PaidMediaError` when the database is away or the marts are of another version. The cache keys
carry the viewer and the version of the data. Besides this module only `ledger` talks to the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

# Names of tables and columns come from the constants of this room, every value is bound.
# ruff: noqa: S608
import psycopg2.errors
import streamlit as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from streamlit_app.identity import Viewer
from streamlit_app.metrics import METRICS
from streamlit_app.scope import LEVELS, Node, Reading, Scope
from warehouse import database
from warehouse.errors import PaidMediaError

Row = dict[str, Any]

# The version changes with every build; the time limit only frees memory and bounds what a missed change could do.
SECONDS = 600
ENTRIES = 500

# Spend is unknown as soon as one row has no rate: a sum without it would be too low and look right.
SUMS = """
    cast(sum(impressions) as bigint) as impressions,
    cast(sum(clicks) as bigint) as clicks,
    cast(sum(conversions) as bigint) as conversions,
    sum(conversion_revenue) as conversion_revenue,
    case when count(spend) = count(*) then sum(spend) end as spend
"""

RATIOS = """
    100.0 * clicks / nullif(impressions, 0) as ctr,
    1.0 * spend / nullif(clicks, 0) as cpc,
    1.0 * spend / nullif(conversions, 0) as cpa,
    100.0 * conversion_revenue / nullif(spend, 0) as roas
"""

CHOSEN = """
    client_id = any(cast(:client_ids as text[]))
    and currency = :currency
    and source = any(cast(:sources as text[]))
    and date between :start and :end
    and (cardinality(cast(:campaign_ids as text[])) = 0 or campaign_id = any(cast(:campaign_ids as text[])))
"""


# For one transaction: the policies of the marts let the app's role see what this person may see, and nothing without.
AS_VIEWER = text("select set_config('paidmedia.viewer', :user_id, true)")
# What is ranked: the mart and its level, and the column of the summaries.
LEADERS = {
    "campaigns": ("top_performers", "campaign"),
    "creatives": ("top_performers", "creative"),
    "underperformers": ("underperformers", "creative"),
}
HIGHLIGHTS = {"campaigns": "top_campaigns", "creatives": "top_creatives", "underperformers": "underperformers"}
SUMMARY_TABLES = {"week": "weekly_summaries", "month": "monthly_summaries"}
RANKINGS = {
    "campaigns": "conversions desc nulls last, impressions desc",
    "creatives": "conversion_revenue desc nulls last, conversions desc nulls last, impressions desc",
    "underperformers": "spend desc nulls last, ctr",
}


def reading(viewer: Viewer) -> Reading | None:
    """The viewer and the state of the marts now; None while there are no marts. Never cached.

    A build replaces or changes tables, so their oids and change counters say whether anything is new.
    """
    row = _rows(
        viewer,
        """
        select
            md5(string_agg(concat_ws(':', relid, n_tup_ins, n_tup_upd, n_tup_del), ',' order by relid)) as data_version,
            to_regclass('marts.daily_campaign_metrics') is not null as is_built,
            cast(now() at time zone 'UTC' as date) as today
        from pg_stat_all_tables
        where schemaname = 'marts'
        """,
    )[0]
    return Reading(viewer, row["data_version"] or "", row["today"]) if row["is_built"] else None


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def clients(reading: Reading) -> list[Row]:
    """The clients that the viewer may see, by name: client_id, client_name, currency, is_active."""
    return _rows(
        reading.viewer,
        """
        select client_id, client_name, currency, is_active
        from marts.dim_clients
        where :sees_all or client_id = any(cast(:client_ids as text[]))
        order by client_name, client_id
        """,
        **_allowed(reading.viewer),
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def freshness(reading: Reading) -> list[Row]:
    """One row per client and source that ever delivered, of the clients that the viewer may see."""
    return _rows(
        reading.viewer,
        """
        select
            client_id, client_name, source, first_date, last_date, last_delivered_at, last_as_of,
            deliveries, held_deliveries, pending_deliveries, rows_read, rows_accepted, rows_rejected, rows_dropped
        from marts.data_freshness
        where :sees_all or client_id = any(cast(:client_ids as text[]))
        order by client_name, client_id, source
        """,
        **_allowed(reading.viewer),
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def campaigns(reading: Reading, client_ids: tuple[str, ...], sources: tuple[str, ...]) -> list[Row]:
    """The campaigns of these clients and sources, by name: campaign_id, campaign_name, source, client_id."""
    return _rows(
        reading.viewer,
        """
        select campaign_id, campaign_name, source, client_id
        from marts.dim_campaigns
        where client_id = any(cast(:client_ids as text[])) and source = any(cast(:sources as text[]))
        order by campaign_name, source, client_id, campaign_id
        """,
        client_ids=list(client_ids),
        sources=list(sources),
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def totals(scope: Scope, inside: Node | None = None) -> Row:
    """The nine metrics of the scope, or of one entity of it; all None without rows."""
    return _rows(
        scope.reading.viewer,
        f"""
        with summed as (select {SUMS} from {_table("campaign", inside)} where {CHOSEN} {_inside(inside)})
        select *, {RATIOS} from summed
        """,
        **_bound(scope, inside),
    )[0]


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def trend(scope: Scope, inside: Node | None = None) -> list[Row]:
    """The nine metrics per day, of all or of one entity, every day of the scope in order; None on days without rows."""
    return _rows(
        scope.reading.viewer,
        f"""
        with summed as (
            select date, {SUMS} from {_table("campaign", inside)} where {CHOSEN} {_inside(inside)} group by date
        )
        select
            cast(days.day as date) as date,
            impressions, clicks, conversions, conversion_revenue, spend, {RATIOS}
        from generate_series(cast(:start as timestamp), cast(:end as timestamp), interval '1 day') as days (day)
        left join summed on summed.date = cast(days.day as date)
        order by days.day
        """,
        **_bound(scope, inside),
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def by_source(scope: Scope, inside: Node | None = None) -> list[Row]:
    """The nine metrics per source, of all or of one entity, by name."""
    return _rows(
        scope.reading.viewer,
        f"""
        with summed as (
            select source, {SUMS} from {_table("campaign", inside)} where {CHOSEN} {_inside(inside)} group by source
        )
        select *, {RATIOS} from summed order by source
        """,
        **_bound(scope, inside),
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def breakdown(scope: Scope, level: str, inside: Node | None, ranked_by: str, limit: int) -> list[Row]:
    """The first `limit` entities of a level, the greatest first: ids and names down to it, source, client, metrics.

    `entities` in each row says how many there are in all.
    """
    down = LEVELS[: LEVELS.index(level) + 1]
    keys = ", ".join(f"{name}_id, {name}_name" for name in down)
    return _rows(
        scope.reading.viewer,
        f"""
        with summed as (
            select client_id, client_name, source, {keys}, {SUMS}
            from {_table(level, inside)}
            where {CHOSEN} {_inside(inside)}
            group by client_id, client_name, source, {keys}
        ),
        measured as (select *, {RATIOS}, count(*) over () as entities from summed)
        select * from measured
        order by {METRICS[ranked_by].name} desc nulls last, impressions desc, {level}_name, {level}_id
        limit :limit
        """,
        limit=limit,
        **_bound(scope, inside),
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def path(reading: Reading, client_ids: tuple[str, ...], level: str, entity_id: str) -> list[Node]:
    """The way down to an entity, from its campaign; empty when these clients have no such entity."""
    down = LEVELS[: LEVELS.index(level) + 1]
    names = ", ".join(f"{name}.{name}_id, {name}.{name}_name" for name in down)
    parents = " ".join(f"join {_dimension(name)} on {name}.{name}_id = {level}.{name}_id" for name in down[:-1])
    found = _rows(
        reading.viewer,
        f"""
        select {names} from {_dimension(level)} {parents}
        where {level}.{level}_id = :entity_id and {level}.client_id = any(cast(:client_ids as text[]))
        """,
        entity_id=entity_id,
        client_ids=list(client_ids),
    )
    return [Node(name, found[0][f"{name}_id"], found[0][f"{name}_name"]) for name in down] if found else []


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def leaders(scope: Scope, ranking: str, days: int, limit: int) -> list[Row]:
    """The first `campaigns`, `creatives` or `underperformers` of the last 7, 30 or 90 days, with the nine metrics.

    Campaigns by conversions, creatives by revenue, underperformers by spend, across the clients of the scope.
    """
    table, level = LEADERS[ranking]
    reason = "reason" if table == "underperformers" else "cast(null as text) as reason"
    return _rows(
        scope.reading.viewer,
        f"""
        select
            client_name, source, entity_id as id, entity_name as name, campaign_name, strategy_name, placement_name,
            impressions, clicks, conversions, conversion_revenue, spend, ctr, cpc, cpa, roas, {reason}
        from marts.{table}
        where
            client_id = any(cast(:client_ids as text[]))
            and currency = :currency
            and source = any(cast(:sources as text[]))
            and (cardinality(cast(:campaign_ids as text[])) = 0 or campaign_id = any(cast(:campaign_ids as text[])))
            and period = :days and level = :level
        order by {RANKINGS[ranking]}, entity_name, entity_id
        limit :limit
        """,
        **_bound(scope) | {"days": f"last_{days}_days", "level": level, "limit": limit},
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def summaries(scope: Scope, grain: str, limit: int) -> list[Row]:
    """The newest weeks or months of the clients together, newest first: start, end, is_complete, the nine metrics.

    Each metric comes with `previous_<metric>`, that of the calendar week or month before, None when there was none;
    `previous_is_complete` says whether that one was whole. `spend_adjustments` come on top of the spend.
    """
    kept = ", ".join(f"previous.{name} as previous_{name}" for name in METRICS)
    return _rows(
        scope.reading.viewer,
        f"""
        with summed as (
            select
                {grain}_start as period_start, {grain}_end as period_end, bool_and(is_complete) as is_complete, {SUMS},
                sum(spend_adjustments) as spend_adjustments
            from marts.{SUMMARY_TABLES[grain]}
            where client_id = any(cast(:client_ids as text[])) and currency = :currency
            group by {grain}_start, {grain}_end
        ),
        measured as (select *, {RATIOS} from summed)
        select measured.*, coalesce(previous.is_complete, false) as previous_is_complete, {kept}
        from measured
        left join measured as previous
            on previous.period_start = cast(measured.period_start - interval '1 {grain}' as date)
        order by measured.period_start desc
        limit :limit
        """,
        **_bound(scope) | {"limit": limit},
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def highlights(scope: Scope, grain: str, period_start: date, ranking: str, limit: int) -> list[Row]:
    """`campaigns`, `creatives` or `underperformers` of one week or month, across the clients of the scope.

    Each with client_name, name, source, the nine metrics and, for underperformers, `peer_ctr`.
    """
    return _rows(
        scope.reading.viewer,
        f"""
        with listed as (
            select summary.client_name, entity.*
            from
                marts.{SUMMARY_TABLES[grain]} as summary,
                jsonb_to_recordset(summary.{HIGHLIGHTS[ranking]}) as entity (
                    id text, name text, source text, impressions bigint, clicks bigint, conversions bigint,
                    conversion_revenue numeric, spend numeric, peer_ctr numeric
                )
            where
                summary.client_id = any(cast(:client_ids as text[]))
                and summary.currency = :currency
                and summary.{grain}_start = :period_start
        )
        select *, {RATIOS} from listed order by {RANKINGS[ranking]}, name, id limit :limit
        """,
        **_bound(scope) | {"period_start": period_start, "limit": limit},
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def adjustments(scope: Scope, start: date, end: date) -> list[Row]:
    """The adjustments of closed months that are dated within a period, of the clients of the scope, oldest first."""
    return _rows(
        scope.reading.viewer,
        """
        select date, client_name, for_month, cpm, effective_date, amount
        from marts.spend_adjustments
        where client_id = any(cast(:client_ids as text[])) and currency = :currency and date between :start and :end
        order by date, adjustment_id
        """,
        **_bound(scope) | {"start": start, "end": end},
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def restatements(reading: Reading, client_ids: tuple[str, ...], sources: tuple[str, ...], limit: int) -> list[Row]:
    """What changed delivered days after their first delivery, newest first, each with the change of the measures."""
    return _rows(
        reading.viewer,
        """
        select
            changed_at, client_name, source, date, cause, currency, impressions_change, clicks_change,
            conversions_change, conversion_revenue_change, spend_change
        from marts.metric_restatements
        where
            client_id = any(cast(:client_ids as text[])) and source = any(cast(:sources as text[]))
            and cause <> 'first delivery'
        order by changed_at desc, client_name, source, date desc, step desc
        limit :limit
        """,
        client_ids=list(client_ids),
        sources=list(sources),
        limit=limit,
    )


@st.cache_data(ttl=SECONDS, max_entries=ENTRIES, show_spinner=False)
def month_by_source(scope: Scope, month_start: date) -> list[Row]:
    """The nine metrics per source of one calendar month, across the clients of the scope."""
    return _rows(
        scope.reading.viewer,
        f"""
        with summed as (
            select source, {SUMS}
            from marts.source_breakdown
            where
                client_id = any(cast(:client_ids as text[]))
                and currency = :currency
                and month_start = :month_start
            group by source
        )
        select *, {RATIOS} from summed order by source
        """,
        **_bound(scope) | {"month_start": month_start},
    )


def _rows(viewer: Viewer, sql: str, **parameters: object) -> list[Row]:
    """Run one query in a transaction of its own, in the viewer's name, as the role that can only read the marts."""
    try:
        with _readable(), database.app_engine().connect() as connection:
            connection.execute(AS_VIEWER, {"user_id": str(viewer.user_id)})
            return [dict(row) for row in connection.execute(text(sql), parameters).mappings()]
    except ProgrammingError as error:
        if isinstance(error.orig, psycopg2.errors.UndefinedTable | psycopg2.errors.UndefinedColumn):
            missing = str(error.orig).strip().splitlines()[0]
            raise PaidMediaError("the marts are of another version", where=missing, fix="paidmedia build") from error
        raise


@contextmanager
def _readable() -> Iterator[None]:
    """Say it in one line when the app's role may not come in: its password follows from SECRET_KEY."""
    try:
        with database.reachable():
            yield
    except PaidMediaError as error:
        if "authentication failed" in (error.where or ""):
            raise PaidMediaError(
                "the app's database role is refused",
                where=error.where,
                fix="paidmedia db migrate, with this SECRET_KEY",
            ) from error
        raise


def _allowed(viewer: Viewer) -> dict[str, object]:
    return {"sees_all": viewer.client_ids is None, "client_ids": list(viewer.client_ids or ())}


def _bound(scope: Scope, inside: Node | None = None) -> dict[str, object]:
    return {
        "client_ids": list(scope.client_ids),
        "currency": scope.currency,
        "sources": list(scope.sources),
        "campaign_ids": list(scope.campaign_ids),
        "start": scope.period.start,
        "end": scope.period.end,
    } | ({"inside_id": inside.id} if inside else {})


def _table(level: str, inside: Node | None) -> str:
    """The narrowest mart that knows both levels."""
    campaigns_only = level == "campaign" and (inside is None or inside.level == "campaign")
    return "marts.daily_campaign_metrics" if campaigns_only else "marts.daily_metrics"


def _inside(inside: Node | None) -> str:
    return f"and {inside.level}_id = :inside_id" if inside else ""


def _dimension(level: str) -> str:
    return f"marts.dim_{'strategies' if level == 'strategy' else level + 's'} as {level}"
