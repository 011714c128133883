{# The partition that holds the kept sums of one client and kind of period. #}
{% macro slot(client_id, period) -%}
    {{ client_id }} || ' ' || {{ period }}
{%- endmacro %}
