{# Last day of the calendar week (Sunday, ISO) or month of a day. #}
{% macro period_end(period, day) -%}
    cast(date_trunc('{{ period }}', cast({{ day }} as timestamp)) + interval '1 {{ period }}' - interval '1 day' as date)
{%- endmacro %}
