{# The column names one of `known_sources`. #}
{% test is_known_source(model, column_name) %}
    select
        {{ column_name }},
        count(*) as rows_of_it
    from {{ model }}
    where {{ column_name }} not in ({{ "'" ~ known_sources() | map(attribute='source') | join("', '") ~ "'" }})
    group by {{ column_name }}
{% endtest %}
