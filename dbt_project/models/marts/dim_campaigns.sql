{{
    config(
        materialized='published',
        scope='int_creatives__changed',
        replaces='live.campaign_id = scope.campaign_id',
        indexes=[{'columns': ['campaign_id'], 'unique': true}, {'columns': ['client_id', 'campaign_name']}]
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
        campaign_id,
        client_id,
        source,
        campaign_name
    from creatives
    where campaign_id in (select changed_creatives.campaign_id from changed_creatives)
)

select * from final
