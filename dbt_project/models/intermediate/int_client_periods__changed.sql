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
        published_period_start,
        is_kept
    from period_days
),

final as (
    select
        *,
        {{ slot('client_id', 'period') }} as slot,
        row_number() over (order by client_id, period, period_start) as period_number
    from changed_periods
)

select * from final
