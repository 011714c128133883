{{ config(materialized='table') }}

-- Only what a list may show is kept: the first of each period by their numbers, ties included, and every
-- underperformer. Names are looked up for those alone; `top_rank` is right as far as the lists go.

{% set measures = ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend'] %}
{% set period_keys = 'client_id, currency, period, period_start' %}
{% set listed = [var('highlights_per_summary'), var('top_performers_per_period')] | max %}
{% set order_by_numbers = {
    'campaign': 'conversions desc nulls last, impressions desc',
    'creative': 'conversion_revenue desc nulls last, conversions desc nulls last, impressions desc',
} %}

with campaign_periods as (
    select * from {{ ref('int_campaign_periods__summed') }}
),

rebuilt_creatives as (
    select * from {{ ref('int_creatives__spanned') }}
),

published_creatives as (
    select * from {{ live('int_creatives__spanned') }} as live
),

campaigns as (
    select distinct
        campaign_id,
        campaign_name
    from campaign_periods
),

{% for level, entities in [
    ('campaign', ref('int_campaign_periods__summed')), ('creative', ref('int_creative_periods__summed'))
] %}
    {{ level }}_peers as (
        select
            {{ period_keys }},
            source,
            sum(clicks) as clicks,
            sum(impressions) as impressions,
            sum(spend) as spend,
            count(spend) as priced
        from {{ entities }}
        group by {{ period_keys }}, source
    ),

    {{ level }}_leaders as (
        select leaders.*
        from (select distinct {{ period_keys }} from {{ level }}_peers) as periods
        cross join lateral (
            select entities.* from {{ entities }} as entities
            where
                entities.client_id = periods.client_id
                and entities.currency = periods.currency
                and entities.period = periods.period
                and entities.period_start = periods.period_start
            order by {{ order_by_numbers[level] }}
            fetch first {{ listed }} rows with ties
        ) as leaders
    ),

    {{ level }}_underperformers as (
        select entities.*
        from {{ entities }} as entities
        inner join {{ level }}_peers as peers using ({{ period_keys }}, source)
        where {{ is_underperformer('entities', 'peers') }}
    ),

    {{ level }}_kept as (
        select
            '{{ level }}' as level,
            kept.{{ level }}_id as entity_id,
            {{ period_keys }},
            kept.period_end,
            source,
            {% for measure in measures %}
                kept.{{ measure }},
            {% endfor %}
            {{ ctr('kept.clicks', 'kept.impressions') }} as ctr,
            {{ peer_ctr('kept', 'peers') }} as peer_ctr,
            coalesce({{ is_underperformer('kept', 'peers') }}, false) as is_underperformer
        from (
            select * from {{ level }}_leaders
            union
            select * from {{ level }}_underperformers
        ) as kept
        inner join {{ level }}_peers as peers using ({{ period_keys }}, source)
    ),
{% endfor %}

named as (
    select
        campaign_kept.*,
        campaigns.campaign_name as entity_name,
        campaigns.campaign_id,
        campaigns.campaign_name,
        cast(null as text) as strategy_name,
        cast(null as text) as placement_name,
        row_number() over (
            partition by
                campaign_kept.client_id, campaign_kept.currency, campaign_kept.period, campaign_kept.period_start
            order by
                {{ order_by_numbers['campaign'] }},
                campaigns.campaign_name,
                campaign_kept.source,
                campaign_kept.entity_id
        ) as top_rank
    from campaign_kept
    inner join campaigns on campaign_kept.entity_id = campaigns.campaign_id
    union all
    select
        creative_kept.*,
        coalesce(rebuilt.creative_name, published.creative_name) as entity_name,
        coalesce(rebuilt.campaign_id, published.campaign_id) as campaign_id,
        coalesce(rebuilt.campaign_name, published.campaign_name) as campaign_name,
        coalesce(rebuilt.strategy_name, published.strategy_name) as strategy_name,
        coalesce(rebuilt.placement_name, published.placement_name) as placement_name,
        row_number() over (
            partition by
                creative_kept.client_id, creative_kept.currency, creative_kept.period, creative_kept.period_start
            order by
                {{ order_by_numbers['creative'] }},
                coalesce(rebuilt.creative_name, published.creative_name),
                creative_kept.source,
                creative_kept.entity_id
        ) as top_rank
    from creative_kept
    left join rebuilt_creatives as rebuilt on creative_kept.entity_id = rebuilt.creative_id
    left join published_creatives as published on creative_kept.entity_id = published.creative_id
),

final as (
    select
        client_id,
        currency,
        period,
        period_start,
        period_end,
        level,
        source,
        entity_id,
        entity_name,
        campaign_id,
        campaign_name,
        strategy_name,
        placement_name,

        {% for measure in measures %}
            {{ measure }},
        {% endfor %}
        ctr,
        {{ cpc('spend', 'clicks') }} as cpc,
        {{ cpa('spend', 'conversions') }} as cpa,
        {{ roas('conversion_revenue', 'spend') }} as roas,
        peer_ctr,

        top_rank,
        is_underperformer,
        row_number() over (
            partition by {{ period_keys }}, level, is_underperformer
            order by spend desc nulls last, ctr asc nulls last, entity_name asc, source asc, entity_id asc
        ) as underperformer_rank
    from named
)

select * from final
