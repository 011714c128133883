{# The values of a group as one text, in order. #}
{% macro ordered_list(value, order_by) -%}
    string_agg({{ value }}, ',' order by {{ order_by | join(", ") }})
{%- endmacro %}
