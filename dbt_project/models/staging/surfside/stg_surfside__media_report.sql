{# Made by `make sources` from templates/stg_source__rows.sql: change that. #}
with delivered as (
    select * from {{ source('raw_surfside', 'media_report') }}
    where {{ is_whole_package('surfside') }}
),

final as (
    select
        delivery_id,
        source_row,
        date,
        {{ normalized_name('campaign_name') }} as campaign_name,
        {{ normalized_name('strategy_name') }} as strategy_name,
        {{ normalized_name('placement_name') }} as placement_name,
        {{ normalized_name('creative_name') }} as creative_name,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        reported_spend
    from delivered
)

select * from final
