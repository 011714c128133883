{# Spend per conversion, unrounded. NULL without conversions. #}
{% macro cpa(spend, conversions) -%}
    1.0 * {{ spend }} / nullif({{ conversions }}, 0)
{%- endmacro %}
