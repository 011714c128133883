{{ config(materialized='table') }}

-- Whether a source's sums change with its client's period: one of its days does, or the period begins on another day.
-- Those of a period that is not kept any more are read for the last time.

with changed_periods as (
    select * from {{ ref('int_client_periods__changed') }}
),

period_days as (
    select * from {{ ref('int_period_days__changed') }}
),

current_days as (
    select * from {{ ref('int_source_days__rated') }}
),

published_days as (
    select * from {{ live('int_source_days__published') }} as live
),

sources as (
    select
        client_id,
        source
    from current_days
    union distinct
    select
        client_id,
        source
    from published_days
),

final as (
    select
        changed_periods.client_id,
        sources.source,
        changed_periods.period,
        changed_periods.period_start,
        changed_periods.published_period_start,
        changed_periods.is_kept,
        not changed_periods.is_kept
        or coalesce(changed_periods.period_start <> changed_periods.published_period_start, true)
        or exists (
            select 1 from period_days
            where
                period_days.client_id = changed_periods.client_id
                and period_days.source = sources.source
                and period_days.period = changed_periods.period
                and period_days.period_start = changed_periods.period_start
        ) as is_changed,
        {{ slot('changed_periods.client_id', 'sources.source', 'changed_periods.period') }} as slot,
        row_number() over (
            order by
                changed_periods.client_id, sources.source, changed_periods.period, changed_periods.period_start
        ) as period_number
    from changed_periods
    inner join sources on changed_periods.client_id = sources.client_id
)

select * from final
