{# A JSON array, an empty one where there is none. #}
{% macro listed(objects) -%}
    coalesce({{ objects }}, cast('[]' as jsonb))
{%- endmacro %}

{# Condition: the array is not empty. #}
{% macro has_objects(objects) -%}
    jsonb_array_length({{ objects }}) > 0
{%- endmacro %}
