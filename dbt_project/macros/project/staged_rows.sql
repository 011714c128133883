{# The name of the staging model over the rows of a source, which is one of `known_sources`. #}
{% macro staged_rows(known) -%}
    {{ return('stg_' ~ known.source ~ '__' ~ known.row_table) }}
{%- endmacro %}
