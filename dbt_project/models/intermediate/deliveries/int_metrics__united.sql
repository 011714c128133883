with united as (
    {{ rows_of_delivery_days(ref('stg_surfside__media_report'), ref('int_source_days__changed'), 'surfside') }}
    union all
    {{ rows_of_delivery_days(ref('stg_vibe__performance_report'), ref('int_source_days__changed'), 'vibe') }}
    union all
    {{ rows_of_delivery_days(ref('stg_facebook__ads_export'), ref('int_source_days__changed'), 'facebook') }}
),

final as (
    select
        client_id,
        source,
        delivery_id,
        source_row,
        date,
        campaign_name,
        strategy_name,
        placement_name,
        creative_name,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        reported_spend
    from united
)

select * from final
