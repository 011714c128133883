{# Planner statistics of a table just built: without them the joins that follow it are planned on guesses. A published model
   takes those of its waiting rows itself. #}
{% macro refreshed_statistics() -%}
    {%- if model.config.materialized == 'table' %}analyze {{ this }}{% endif -%}
{%- endmacro %}
