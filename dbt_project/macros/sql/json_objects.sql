{# The rows of a group as a JSON array of objects with the given columns, in the given order; `when` picks rows.
   The order must end in a unique column, else two builds may differ. An empty pick is an empty array. #}
{% macro json_objects(columns, order_by, when) -%}
    coalesce(
        jsonb_agg(
            jsonb_build_object({% for column in columns %}'{{ column }}', {{ column }}{{ ", " if not loop.last }}{% endfor %})
            order by {{ order_by | join(", ") }}
        ) filter (where {{ when }}),
        cast('[]' as jsonb)
    )
{%- endmacro %}
