{# A text id of a full path, the same in every build. A tab separates the parts: no normalised name contains one. #}
{% macro surrogate_key(columns) -%}
    md5({{ columns | join(" || chr(9) || ") }})
{%- endmacro %}
