{# The columns that place a creative: its client, its source and the levels above it. #}
{% macro creative_path() %}
    {{ return([
        'client_id', 'source', 'campaign_id', 'campaign_name', 'strategy_id', 'strategy_name', 'placement_id',
        'placement_name', 'creative_name'
    ]) }}
{% endmacro %}
