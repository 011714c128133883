{{
    config(
        materialized='published',
        scope='int_creative_days__changed',
        replaces='live.campaign_id = scope.campaign_id',
        indexes=[{'columns': ['campaign_id']}, {'columns': ['client_id']}]
    )
}}

with creatives as (
    select * from {{ ref('int_creatives__current') }}
),

changed as (
    select distinct campaign_id from {{ ref('int_creative_days__changed') }}
),

final as (
    select
        campaign_id,
        client_id,
        source,
        campaign_name,
        min(first_date) as first_date,
        max(last_date) as last_date
    from creatives
    where campaign_id in (select changed.campaign_id from changed)
    group by
        campaign_id,
        client_id,
        source,
        campaign_name
)

select * from final
