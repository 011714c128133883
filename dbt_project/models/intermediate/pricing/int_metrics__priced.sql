with metrics as (
    select * from {{ ref('int_metrics__summed') }}
),

changed_days as (
    select * from {{ ref('int_source_days__changed') }}
),

final as (
    select
        metrics.client_id,
        changed_days.client_name,
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
        changed_days.cpm,
        changed_days.currency,
        {{ spend('metrics.impressions', 'changed_days.cpm') }} as spend,
        metrics.reported_spend
    from metrics
    inner join changed_days
        on
            metrics.client_id = changed_days.client_id
            and metrics.source = changed_days.source
            and metrics.date = changed_days.date
)

select * from final
