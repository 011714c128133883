{# The totals of a relation per client, source and day, or per client and period: every stage of a hop in one shape.
   `rows` is NULL where a stage has summed the delivered rows away, `spend` where it has not priced them yet. #}
{% macro reconciled_totals(relation, day='date', by_source=true, rows='null', spend='null') %}
    select
        client_id,
        {{ 'source' if by_source else "'all' as source" }},
        {{ day }} as day,
        cast({{ rows }} as numeric) as accepted_rows,
        {% for measure in reconciled_measures() %}
            cast(sum({{ measure }}) as numeric) as {{ measure }},
        {% endfor %}
        cast({{ spend }} as numeric) as spend
    from {{ relation }}
    group by client_id, {{ day }}{{ ', source' if by_source }}
{% endmacro %}
