{{ config(indexes=[{'columns': ['client_id', 'date']}, {'columns': ['date']}]) }}

with priced as (
    select * from {{ ref('int_metrics__priced') }}
),

clients as (
    select * from {{ ref('stg_control__clients') }}
),

final as (
    select
        priced.client_id,
        clients.client_name,
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
    left join clients on priced.client_id = clients.client_id
)

select * from final
