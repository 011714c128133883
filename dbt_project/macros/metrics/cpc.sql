{# Spend per click, unrounded. NULL without clicks. #}
{% macro cpc(spend, clicks) -%}
    1.0 * {{ spend }} / nullif({{ clicks }}, 0)
{%- endmacro %}
