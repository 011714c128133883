{{ config(materialized='table') }}

-- What a list may show: of each source the first of each period by their numbers, ties included, and every
-- underperformer. Sources whose sums stay are read as published. The lateral joins read period by period through the
-- index, which finds the first ones without sorting all of them.

{% set measures = ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend'] %}
{% set keys = 'client_id, currency, period, period_start, source' %}
{% set longest_list = [var('highlights_per_summary'), var('top_performers_per_period')] | max %}
{% set order_by_numbers = {
    'campaign': 'conversions desc nulls last, impressions desc',
    'creative': 'conversion_revenue desc nulls last, conversions desc nulls last, impressions desc',
} %}
{% set campaigns %}
    (
        select
            campaigns.*,
            '' as slot
        from {{ ref('int_campaign_periods__summed') }} as campaigns
    )
{% endset %}
{% set of_the_same_period %}
    entities.slot = peers.slot
    and entities.client_id = peers.client_id
    and entities.currency = peers.currency
    and entities.period = peers.period
    and entities.period_start = peers.period_start
    and entities.source = peers.source
{% endset %}

with source_periods as (
    select * from {{ ref('int_source_periods__changed') }}
),

unchanged_source_periods as (
    select * from source_periods
    where not is_changed
),

unchanged_creatives as (
    {{
        live_slots(
            'int_creative_periods__summed',
            'unchanged_source_periods',
            'live.client_id = slots.client_id and live.source = slots.source and live.period = slots.period'
            ' and live.period_start = slots.period_start'
        )
    }}
),

{% for name, level, entities, rows in [
    ('campaign', 'campaign', campaigns, campaigns),
    (
        'creative',
        'creative',
        measured_creatives(ref('int_creative_periods__summed')),
        measured_creatives(ref('int_creative_periods__summed')),
    ),
    (
        'unchanged_creative',
        'creative',
        measured_creatives(live('int_creative_periods__summed')),
        measured_creatives('unchanged_creatives'),
    ),
] %}
    {{ name }}_sums as (
        select
            slot,
            {{ keys }},
            sum(clicks) as clicks,
            sum(impressions) as impressions,
            sum(spend) as spend,
            count(spend) as priced
        from {{ rows }} as entities
        group by slot, {{ keys }}
    ),

    {{ name }}_peers as (
        select sums.*
        from {{ name }}_sums as sums
        inner join source_periods using (client_id, source, period, period_start)
        where {{ {'creative': 'source_periods.is_changed'}.get(name, 'true') }}
    ),

    {{ name }}_leaders as (
        select leaders.*
        from {{ name }}_peers as peers
        cross join lateral (
            select entities.* from {{ entities }} as entities
            where {{ of_the_same_period }}
            order by {{ order_by_numbers[level] }}
            fetch first {{ longest_list }} rows with ties
        ) as leaders
    ),

    {{ name }}_underperformers as (
        select underperformers.*
        from {{ name }}_peers as peers
        cross join lateral (
            select entities.* from {{ entities }} as entities
            where {{ of_the_same_period }} and {{ is_underperformer('entities', 'peers') }}
            offset 0  -- noqa: AM09
        ) as underperformers
    ),

    {{ name }}_listed as (
        select
            '{{ level }}' as level,
            listed.{{ level }}_id as entity_id,
            {{ keys }},
            {% for measure in measures %}
                listed.{{ measure }},
            {% endfor %}
            {{ ctr('listed.clicks', 'listed.impressions') }} as ctr,
            {{ peer_ctr('listed', 'peers') }} as peer_ctr,
            coalesce({{ is_underperformer('listed', 'peers') }}, false) as is_underperformer
        from (
            select * from {{ name }}_leaders
            union
            select * from {{ name }}_underperformers
        ) as listed
        inner join {{ name }}_peers as peers using ({{ keys }})
    ),
{% endfor %}

final as (
    select * from campaign_listed
    union all
    select * from creative_listed
    union all
    select * from unchanged_creative_listed
)

select * from final
