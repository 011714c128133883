{{ config(materialized='table') }}

{% set peers = 'client_id, currency, period, period_start, level' %}
{% set source_peers = peers ~ ', source' %}

with campaign_periods as (
    select * from {{ ref('int_campaign_periods__summed') }}
),

creative_periods as (
    select * from {{ ref('int_creative_periods__summed') }}
),

creatives as (
    select * from {{ ref('int_creatives__current') }}
),

united as (
    select
        'campaign' as level,
        campaign_periods.campaign_id as entity_id,
        campaign_periods.campaign_name as entity_name,
        campaign_periods.campaign_id,
        campaign_periods.campaign_name,
        cast(null as text) as strategy_name,
        cast(null as text) as placement_name,
        campaign_periods.client_id,
        campaign_periods.currency,
        campaign_periods.period,
        campaign_periods.period_start,
        campaign_periods.period_end,
        campaign_periods.source,
        campaign_periods.impressions,
        campaign_periods.clicks,
        campaign_periods.conversions,
        campaign_periods.conversion_revenue,
        campaign_periods.spend,
        campaign_periods.reported_spend
    from campaign_periods
    union all
    select
        'creative' as level,
        creatives.creative_id as entity_id,
        creatives.creative_name as entity_name,
        creatives.campaign_id,
        creatives.campaign_name,
        creatives.strategy_name,
        creatives.placement_name,
        creative_periods.client_id,
        creative_periods.currency,
        creative_periods.period,
        creative_periods.period_start,
        creative_periods.period_end,
        creative_periods.source,
        creative_periods.impressions,
        creative_periods.clicks,
        creative_periods.conversions,
        creative_periods.conversion_revenue,
        creative_periods.spend,
        creative_periods.reported_spend
    from creative_periods
    inner join creatives on creative_periods.creative_id = creatives.creative_id
),

compared as (
    select
        *,
        sum(clicks) over (partition by {{ source_peers }}) - clicks as other_clicks,
        sum(impressions) over (partition by {{ source_peers }}) - impressions as other_impressions,
        avg(spend) over (partition by {{ source_peers }}) as average_spend
    from united
),

measured as (
    select
        *,
        {{ ctr('clicks', 'impressions') }} as ctr,
        {{ cpc('spend', 'clicks') }} as cpc,
        {{ cpa('spend', 'conversions') }} as cpa,
        {{ roas('conversion_revenue', 'spend') }} as roas,
        {{ ctr('other_clicks', 'other_impressions') }} as peer_ctr
    from compared
),

judged as (
    -- Products instead of the ratios: those are rounded, and exactly half or exactly ten must stay what they are.
    select
        *,
        coalesce(
            spend >= average_spend
            and impressions > 0
            and other_impressions > 0
            and impressions * other_clicks >= {{ var('underperformer_expected_clicks') }} * other_impressions
            and clicks * other_impressions < {{ var('underperformer_ctr_share') }} * other_clicks * impressions,
            false
        ) as is_underperformer
    from measured
),

final as (
    select
        client_id,
        currency,
        period,
        period_start,
        period_end,
        level,
        source,
        entity_id,
        entity_name,
        campaign_id,
        campaign_name,
        strategy_name,
        placement_name,

        impressions,
        clicks,
        conversions,
        conversion_revenue,
        spend,
        reported_spend,
        ctr,
        cpc,
        cpa,
        roas,
        peer_ctr,

        row_number() over (
            partition by {{ peers }}
            order by
                case when level = 'campaign' then conversions else conversion_revenue end desc nulls last,
                case when level = 'campaign' then impressions else conversions end desc nulls last,
                impressions desc,
                entity_name asc,
                source asc,
                entity_id asc
        ) as top_rank,
        is_underperformer,
        row_number() over (
            partition by {{ peers }}, is_underperformer
            order by spend desc nulls last, ctr asc nulls last, entity_name asc, source asc, entity_id asc
        ) as underperformer_rank
    from judged
)

select * from final
