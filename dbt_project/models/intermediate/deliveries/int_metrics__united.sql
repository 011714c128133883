with united as (
    {% for each in known_sources() %}
        {{ rows_of_delivery_days(ref(staged_rows(each)), ref('int_source_days__changed'), each.source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
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
