{{
    config(
        materialized='published',
        scope='int_creatives__changed',
        replaces='live.strategy_id = scope.strategy_id',
        indexes=[{'columns': ['strategy_id'], 'unique': true}, {'columns': ['client_id', 'strategy_name']}]
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
        strategy_id,
        campaign_id,
        client_id,
        source,
        strategy_name
    from creatives
    where strategy_id in (select changed_creatives.strategy_id from changed_creatives)
)

select * from final
