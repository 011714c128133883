{{ config(materialized='published', keeps='period_start < first_hot_day') }}

with entities as (
    select * from {{ ref('int_entity_periods__ranked') }}
    where
        period in ('last_7_days', 'last_30_days', 'last_90_days')
        and is_underperformer
),

changed_periods as (
    select * from {{ ref('int_client_periods__changed') }}
),

clients as (
    select * from {{ ref('stg_control__clients') }}
),

rebuilt as (
    select
        entities.client_id,
        clients.client_name,
        entities.period,
        entities.period_start,
        entities.period_end,
        entities.level,
        entities.source,
        entities.entity_id,
        entities.entity_name,
        entities.campaign_id,
        entities.campaign_name,
        entities.strategy_name,
        entities.placement_name,
        entities.currency,

        entities.impressions,
        entities.clicks,
        entities.conversions,
        entities.conversion_revenue,
        entities.spend,
        entities.reported_spend,
        entities.ctr,
        entities.cpc,
        entities.cpa,
        entities.roas,

        entities.underperformer_rank as rank,
        entities.peer_ctr,
        'CTR ' || round(entities.ctr, 6) || ' % against ' || round(entities.peer_ctr, 6)
        || ' % of the other ' || entities.level || 's of ' || entities.source as reason
    from entities
    left join clients on entities.client_id = clients.client_id
),

unchanged as (
    select live.*
    from {{ live('underperformers') }} as live
    where not exists (
        select 1 from changed_periods
        where changed_periods.client_id = live.client_id and changed_periods.period = live.period
    )
),

final as (
    select * from rebuilt
    union all
    select * from unchanged
)

select * from final
