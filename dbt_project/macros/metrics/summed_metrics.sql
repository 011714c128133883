{# The delivered rows of one source, which are finer, summed to one row per day and creative. A model for each source: they
   are read, sorted and named side by side. #}
{% macro summed_metrics(source) %}
    select
        client_id,
        date,
        source,

        {{ surrogate_key(['client_id', 'source', 'campaign_name']) }} as campaign_id,
        campaign_name,
        {{ surrogate_key(['client_id', 'source', 'campaign_name', 'strategy_name']) }} as strategy_id,
        strategy_name,
        {{
            surrogate_key(['client_id', 'source', 'campaign_name', 'strategy_name', 'placement_name'])
        }} as placement_id,
        placement_name,
        {{
            surrogate_key(
                ['client_id', 'source', 'campaign_name', 'strategy_name', 'placement_name', 'creative_name']
            )
        }} as creative_id,
        creative_name,

        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_amount('reported_spend') }} as reported_spend
    from {{ ref('int_metrics__united') }}
    where source = '{{ source }}'
    -- The keys that tell rows apart soonest come first: the sort compares fewer of them.
    group by creative_name, placement_name, date, strategy_name, campaign_name, client_id, source
{% endmacro %}
