{{
    config(
        materialized='published',
        scope='int_source_days__changed',
        replaces='live.client_id = scope.client_id and live.source = scope.source and live.date = scope.date',
        partition_by='date',
        indexes=[{'columns': ['client_id', 'date', 'campaign_id']}]
    )
}}

with priced as (
    select * from {{ ref('int_metrics__priced') }}
),

final as (
    select
        priced.client_id,
        priced.client_name,
        priced.date,
        priced.source,

        priced.campaign_id,
        priced.campaign_name,
        priced.strategy_id,
        priced.strategy_name,
        priced.placement_id,
        priced.placement_name,
        priced.creative_id,
        priced.creative_name,

        priced.impressions,
        priced.clicks,
        priced.conversions,
        priced.conversion_revenue,
        priced.cpm,
        priced.currency,
        priced.spend,
        priced.reported_spend,

        {{ ctr('priced.clicks', 'priced.impressions') }} as ctr,
        {{ cpc('priced.spend', 'priced.clicks') }} as cpc,
        {{ cpa('priced.spend', 'priced.conversions') }} as cpa,
        {{ roas('priced.conversion_revenue', 'priced.spend') }} as roas
    from priced
)

-- People read the days of a client, or of one of its campaigns: in this order these are neighbours on disk.
select * from final
order by client_id, date, campaign_id
