{# Planner statistics of a table just built: without them the joins that follow it are planned on guesses. #}
{% macro refreshed_statistics() -%}
    {%- if model.config.materialized != 'view' %}analyze {{ this }}{% endif -%}
{%- endmacro %}
