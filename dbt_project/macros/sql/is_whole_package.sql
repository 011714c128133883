{# Condition: the row of a source came with a load package that landed completely. #}
{% macro is_whole_package(source_name) -%}
    _dlt_load_id in (
        select packages.load_id from {{ source('ledger', 'packages') }} as packages
        where packages.source = '{{ source_name }}'
    )
{%- endmacro %}
