{# Clicks per hundred impressions, unrounded. NULL without impressions. #}
{% macro ctr(clicks, impressions) -%}
    100.0 * {{ clicks }} / nullif({{ impressions }}, 0)
{%- endmacro %}
