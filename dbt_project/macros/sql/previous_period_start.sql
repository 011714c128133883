{# First day of the calendar week or month before the one that starts on a day. #}
{% macro previous_period_start(period, start) -%}
    cast({{ start }} - cast('1 ' || {{ period }} as interval) as date)
{%- endmacro %}
