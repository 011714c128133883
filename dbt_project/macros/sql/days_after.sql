{# The day a number of days after (or, negative, before) another. #}
{% macro days_after(day, days) -%}
    cast({{ day }} + {{ days }} as date)
{%- endmacro %}
