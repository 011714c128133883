{{
    config(
        materialized='published',
        scope='int_creatives__changed',
        replaces='live.creative_id = scope.creative_id',
        indexes=[{'columns': ['creative_id'], 'unique': true}, {'columns': ['client_id', 'creative_name']}]
    )
}}

with creatives as (
    select * from {{ ref('int_creatives__changed') }}
    where is_current
),

final as (
    select
        creative_id,
        placement_id,
        strategy_id,
        campaign_id,
        client_id,
        source,
        creative_name
    from creatives
)

select * from final
