{# Part of a whole in percent, unrounded. NULL when the whole is zero or unknown. #}
{% macro share_pct(part, whole) -%}
    100.0 * {{ part }} / nullif({{ whole }}, 0)
{%- endmacro %}
