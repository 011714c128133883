{{ config(materialized='table') }}

with metrics as (
    select * from {{ ref('int_metrics__summed') }}
),

final as (
    select
        creative_id,
        min(client_id) as client_id,
        min(source) as source,
        min(campaign_id) as campaign_id,
        min(campaign_name) as campaign_name,
        min(strategy_id) as strategy_id,
        min(strategy_name) as strategy_name,
        min(placement_id) as placement_id,
        min(placement_name) as placement_name,
        min(creative_name) as creative_name,
        min(date) as first_date,
        max(date) as last_date
    from metrics
    group by creative_id
)

select * from final
