{# Whole numbers of several rows. NULL only when no row has a number: a platform that reports no clicks has none. #}
{% macro summed_count(measure) -%}
    cast(sum({{ measure }}) as bigint)
{%- endmacro %}
