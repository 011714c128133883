{# A point in time as text, the same in every session, whatever its time zone. #}
{% macro moment_text(moment) -%}
    cast(extract(epoch from {{ moment }}) as text)
{%- endmacro %}
