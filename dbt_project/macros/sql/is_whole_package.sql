{# Condition: the row came with a load package that landed completely (status 0 in dlt's `_dlt_loads`). #}
{% macro is_whole_package(packages) -%}
    _dlt_load_id in (select load_id from {{ packages }} where status = 0)
{%- endmacro %}
