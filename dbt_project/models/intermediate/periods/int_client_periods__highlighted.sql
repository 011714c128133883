{{ config(materialized='table') }}

{% set shown = ['id', 'name', 'source', 'impressions', 'clicks', 'conversions', 'conversion_revenue', 'spend'] %}
{% set limit = var('highlights_per_summary') %}

with entity_periods as (
    select
        *,
        entity_id as id,
        entity_name as name
    from {{ ref('int_entity_periods__ranked') }}
    where period in ('week', 'month')
),

published as (
    select * from {{ ref('int_client_periods__published') }}
),

changed as (
    select
        client_id,
        currency,
        period,
        period_start,
        {{ json_objects(shown, ['top_rank'], "level = 'campaign' and top_rank <= " ~ limit) }} as top_campaigns,
        {{ json_objects(shown, ['top_rank'], "level = 'creative' and top_rank <= " ~ limit) }} as top_creatives,
        {{
            json_objects(
                shown + ['ctr', 'peer_ctr'],
                ['underperformer_rank'],
                "level = 'creative' and is_underperformer and underperformer_rank <= " ~ limit
            )
        }} as underperformers
    from entity_periods
    group by client_id, currency, period, period_start
),

final as (
    select * from changed
    union all
    select
        client_id,
        currency,
        period,
        period_start,
        top_campaigns,
        top_creatives,
        underperformers
    from published
)

select * from final
