{{
    config(
        materialized='published',
        scope='int_creative_days__changed',
        replaces='live.placement_id = scope.placement_id',
        indexes=[{'columns': ['placement_id']}, {'columns': ['client_id']}]
    )
}}

with creatives as (
    select * from {{ ref('int_creatives__current') }}
),

changed as (
    select distinct placement_id from {{ ref('int_creative_days__changed') }}
),

final as (
    select
        placement_id,
        strategy_id,
        campaign_id,
        client_id,
        source,
        placement_name,
        min(first_date) as first_date,
        max(last_date) as last_date
    from creatives
    where placement_id in (select changed.placement_id from changed)
    group by
        placement_id,
        strategy_id,
        campaign_id,
        client_id,
        source,
        placement_name
)

select * from final
