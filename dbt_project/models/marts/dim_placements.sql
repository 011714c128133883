{{
    config(
        materialized='published',
        scope='int_creatives__changed',
        replaces='live.placement_id = scope.placement_id',
        indexes=[{'columns': ['placement_id'], 'unique': true}, {'columns': ['client_id', 'placement_name']}]
    )
}}

with creatives as (
    select * from {{ ref('int_creatives__current') }}
),

changed_creatives as (
    select * from {{ ref('int_creatives__changed') }}
),

final as (
    select distinct
        placement_id,
        strategy_id,
        campaign_id,
        client_id,
        source,
        placement_name
    from creatives
    where placement_id in (select changed_creatives.placement_id from changed_creatives)
)

select * from final
