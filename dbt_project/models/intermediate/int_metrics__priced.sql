with metrics as (
    select * from {{ ref('int_metrics__summed') }}
),

rated_days as (
    select * from {{ ref('int_client_days__rated') }}
),

final as (
    select
        metrics.client_id,
        metrics.date,
        metrics.source,

        metrics.campaign_id,
        metrics.campaign_name,
        metrics.strategy_id,
        metrics.strategy_name,
        metrics.placement_id,
        metrics.placement_name,
        metrics.creative_id,
        metrics.creative_name,

        metrics.impressions,
        metrics.clicks,
        metrics.conversions,
        metrics.conversion_revenue,
        rated_days.cpm,
        rated_days.currency,
        {{ spend('metrics.impressions', 'rated_days.cpm') }} as spend,
        metrics.reported_spend
    from metrics
    inner join rated_days on metrics.client_id = rated_days.client_id and metrics.date = rated_days.date
)

select * from final
