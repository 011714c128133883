{{ config(materialized='table') }}

-- `top_rank` is right as far as the lists go. Rows that are in them for being underperformers have later ones.

{% set measures = ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend'] %}

with listed as (
    select * from {{ ref('int_entity_periods__listed') }}
),

changed_periods as (
    select * from {{ ref('int_client_periods__changed') }}
),

creatives as (
    {{ creatives_of('listed') }}
),

campaigns as (
    select distinct
        campaign_id,
        campaign_name
    from {{ ref('int_campaign_periods__summed') }}
),

named as (
    select
        listed.*,
        coalesce(creatives.creative_name, campaigns.campaign_name) as entity_name,
        coalesce(creatives.campaign_id, campaigns.campaign_id) as campaign_id,
        coalesce(creatives.campaign_name, campaigns.campaign_name) as campaign_name,
        creatives.strategy_name,
        creatives.placement_name
    from listed
    left join campaigns on listed.level = 'campaign' and listed.entity_id = campaigns.campaign_id
    left join creatives on listed.level = 'creative' and listed.entity_id = creatives.creative_id
),

final as (
    select
        named.client_id,
        named.currency,
        named.period,
        named.period_start,
        changed_periods.period_end,
        named.level,
        named.source,
        named.entity_id,
        named.entity_name,
        named.campaign_id,
        named.campaign_name,
        named.strategy_name,
        named.placement_name,

        {% for measure in measures %}
            named.{{ measure }},
        {% endfor %}
        named.ctr,
        {{ cpc('named.spend', 'named.clicks') }} as cpc,
        {{ cpa('named.spend', 'named.conversions') }} as cpa,
        {{ roas('named.conversion_revenue', 'named.spend') }} as roas,
        named.peer_ctr,

        row_number() over (
            partition by named.client_id, named.currency, named.period, named.period_start, named.level
            order by
                case when named.level = 'creative' then named.conversion_revenue end desc nulls last,
                named.conversions desc nulls last,
                named.impressions desc,
                named.entity_name asc,
                named.source asc,
                named.entity_id asc
        ) as top_rank,
        named.is_underperformer,
        row_number() over (
            partition by
                named.client_id,
                named.currency,
                named.period,
                named.period_start,
                named.level,
                named.is_underperformer
            order by
                named.spend desc nulls last,
                named.ctr asc nulls last,
                named.entity_name asc,
                named.source asc,
                named.entity_id asc
        ) as underperformer_rank
    from named
    inner join changed_periods
        on
            named.client_id = changed_periods.client_id
            and named.period = changed_periods.period
            and named.period_start = changed_periods.period_start
)

select * from final
