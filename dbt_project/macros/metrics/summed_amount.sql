{# Delivered amounts of one currency of several rows, in full precision. NULL only when no row has an amount. #}
{% macro summed_amount(measure) -%}
    cast(sum({{ measure }}) as numeric(24, 9))
{%- endmacro %}
