"""Whole weeks and months: their metrics beside those of the one before, their sources, and what was booked in them."""

# Names of tables and columns come from the constants of this room, every value is bound.
# ruff: noqa: S608

from datetime import date

from serving.metrics import METRICS
from serving.queries.asking import rows
from serving.queries.measures import RATIOS, SUMS, bound
from serving.scope import Row, Scope

SUMMARY_TABLES = {"week": "weekly_summaries", "month": "monthly_summaries"}


def summaries(scope: Scope, grain: str, limit: int) -> list[Row]:
    """The newest weeks or months of the clients together, newest first: start, end, is_complete, the nine metrics.

    Each metric comes with `previous_<metric>`, that of the calendar week or month before, None when there was none;
    `previous_is_complete` says whether that one was whole. `spend_adjustments` come on top of the spend.
    """
    before = ", ".join(f"previous.{name} as previous_{name}" for name in METRICS)
    return rows(
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
        select measured.*, coalesce(previous.is_complete, false) as previous_is_complete, {before}
        from measured
        left join measured as previous
            on previous.period_start = cast(measured.period_start - interval '1 {grain}' as date)
        order by measured.period_start desc
        limit :limit
        """,
        **bound(scope) | {"limit": limit},
    )


def month_by_source(scope: Scope, month_start: date) -> list[Row]:
    """The nine metrics per source of one calendar month, across the clients of the scope."""
    return rows(
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
        **bound(scope) | {"month_start": month_start},
    )


def adjustments(scope: Scope, start: date, end: date) -> list[Row]:
    """The adjustments of closed months that are dated within a period, of the clients of the scope, oldest first."""
    return rows(
        scope.reading.viewer,
        """
        select date, client_name, for_month, cpm, effective_date, amount
        from marts.spend_adjustments
        where client_id = any(cast(:client_ids as text[])) and currency = :currency and date between :start and :end
        order by date, adjustment_id
        """,
        **bound(scope) | {"start": start, "end": end},
    )
