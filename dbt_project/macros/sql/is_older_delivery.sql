{# Condition: one delivery of a day is older than another, by as-of, then arrival, then id (so that two never tie). #}
{% macro is_older_delivery(one, other) -%}
    ({{ one }}.as_of, {{ one }}.delivered_at, {{ one }}.delivery_id)
    < ({{ other }}.as_of, {{ other }}.delivered_at, {{ other }}.delivery_id)
{%- endmacro %}
