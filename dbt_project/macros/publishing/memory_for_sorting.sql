{# Sorting and hashing a day of a million rows on disk takes three times as long as in memory. Of each of four threads. #}
{% macro memory_for_sorting() -%}
    set work_mem = '128MB'
{%- endmacro %}
