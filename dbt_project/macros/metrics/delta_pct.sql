{# Change against the previous period in percent, unrounded. NULL when that does not exist or is zero. #}
{% macro delta_pct(current, previous) -%}
    100.0 * ({{ current }} - {{ previous }}) / nullif({{ previous }}, 0)
{%- endmacro %}
