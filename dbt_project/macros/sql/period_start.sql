{# First day of the calendar week (Monday, ISO) or month of a day. #}
{% macro period_start(period, day) -%}
    cast(date_trunc('{{ period }}', cast({{ day }} as timestamp)) as date)
{%- endmacro %}
