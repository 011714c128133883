{{ config(materialized='table') }}

with period_days as (
    select * from {{ ref('int_period_days__changed') }}
),

final as (
    select distinct
        client_id,
        period,
        period_start,
        period_end,
        published_period_start,
        is_kept
    from period_days
)

select * from final
