{{ config(materialized='table') }}

-- What a list may show: the first of each period by their numbers, ties included, and every underperformer.

{% set measures = ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend'] %}
{% set period_keys = 'client_id, currency, period, period_start' %}
{% set longest_list = [var('highlights_per_summary'), var('top_performers_per_period')] | max %}
{% set order_by_numbers = {
    'campaign': 'conversions desc nulls last, impressions desc',
    'creative': 'conversion_revenue desc nulls last, conversions desc nulls last, impressions desc',
} %}

with campaign_periods as (
    select
        campaign_periods.*,
        '' as slot
    from {{ ref('int_campaign_periods__summed') }} as campaign_periods
),

{% for level, entities in [
    ('campaign', 'campaign_periods'), ('creative', measured_creatives(ref('int_creative_periods__summed')))
] %}
    {{ level }}_peers as (
        select
            slot,
            {{ period_keys }},
            source,
            sum(clicks) as clicks,
            sum(impressions) as impressions,
            sum(spend) as spend,
            count(spend) as priced
        from {{ entities }} as entities
        group by slot, {{ period_keys }}, source
    ),

    {{ level }}_leaders as (
        select leaders.*
        from (select distinct slot, {{ period_keys }} from {{ level }}_peers) as periods
        cross join lateral (
            select entities.* from {{ entities }} as entities
            where
                entities.slot = periods.slot
                and entities.client_id = periods.client_id
                and entities.currency = periods.currency
                and entities.period = periods.period
                and entities.period_start = periods.period_start
            order by {{ order_by_numbers[level] }}
            fetch first {{ longest_list }} rows with ties
        ) as leaders
    ),

    {{ level }}_underperformers as (
        select entities.*
        from {{ entities }} as entities
        inner join {{ level }}_peers as peers using ({{ period_keys }}, source)
        where {{ is_underperformer('entities', 'peers') }}
    ),

    {{ level }}_listed as (
        select
            '{{ level }}' as level,
            listed.{{ level }}_id as entity_id,
            {{ period_keys }},
            source,
            {% for measure in measures %}
                listed.{{ measure }},
            {% endfor %}
            {{ ctr('listed.clicks', 'listed.impressions') }} as ctr,
            {{ peer_ctr('listed', 'peers') }} as peer_ctr,
            coalesce({{ is_underperformer('listed', 'peers') }}, false) as is_underperformer
        from (
            select * from {{ level }}_leaders
            union
            select * from {{ level }}_underperformers
        ) as listed
        inner join {{ level }}_peers as peers using ({{ period_keys }}, source)
    ),
{% endfor %}

final as (
    select * from campaign_listed
    union all
    select * from creative_listed
)

select * from final
