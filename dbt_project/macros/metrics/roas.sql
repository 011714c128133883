{# Revenue per hundred of spend, unrounded. NULL without spend. #}
{% macro roas(revenue, spend) -%}
    100.0 * {{ revenue }} / nullif({{ spend }}, 0)
{%- endmacro %}
