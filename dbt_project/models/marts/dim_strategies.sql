{{
    config(
        materialized='published',
        scope='int_creative_days__changed',
        replaces='live.strategy_id = scope.strategy_id',
        indexes=[{'columns': ['strategy_id']}, {'columns': ['client_id']}]
    )
}}

with creatives as (
    select * from {{ ref('int_creatives__current') }}
),

changed as (
    select distinct strategy_id from {{ ref('int_creative_days__changed') }}
),

final as (
    select
        strategy_id,
        campaign_id,
        client_id,
        source,
        strategy_name,
        min(first_date) as first_date,
        max(last_date) as last_date
    from creatives
    where strategy_id in (select changed.strategy_id from changed)
    group by
        strategy_id,
        campaign_id,
        client_id,
        source,
        strategy_name
)

select * from final
