{{ config(materialized='table') }}

with period_days as (
    select * from {{ ref('int_period_days__changed') }}
),

changed_periods as (
    select distinct
        client_id,
        period,
        period_start,
        period_end,
        published_period_start
    from period_days
),

final as (
    select
        changed_periods.*,
        coalesce(published.period_start, changed_periods.published_period_start) as replaced_period_start,
        row_number() over (
            order by changed_periods.client_id, changed_periods.period, changed_periods.period_start
        ) as period_number
    from changed_periods
    -- Of a client that paused, the published window may be older than the published last day says.
    left join lateral (
        select live.period_start
        from {{ live('int_creative_periods__summed') }} as live
        where
            live.client_id = changed_periods.client_id
            and live.period = changed_periods.period
            and live.period not in ('week', 'month')
        order by live.period_start
        limit 1
    ) as published on true
)

select * from final
