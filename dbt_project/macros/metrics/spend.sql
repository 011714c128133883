{# impressions / 1000 × CPM, exact: a count times four decimals times 0.001 has seven decimals, so nothing is rounded. #}
{% macro spend(impressions, cpm) -%}
    cast({{ impressions }} * {{ cpm }} * 0.001 as numeric(20, 7))
{%- endmacro %}
