{# The staged rows of the deliveries that a relation names for a source. The lateral join reads delivery by delivery through
   the index: a plain join may be planned as a scan of all that was ever delivered. #}
{% macro rows_of_deliveries(staged, deliveries, source) %}
    select staged_rows.*
    from (select distinct delivery_id from {{ deliveries }} where source = '{{ source }}') as deliveries
    cross join lateral (
        select * from {{ staged }} as staged
        where staged.delivery_id = deliveries.delivery_id
        offset 0
    ) as staged_rows
{% endmacro %}

{# Those of the days that the relation names, each with its client and its source. #}
{% macro rows_of_delivery_days(staged, delivery_days, source) %}
    select
        delivery_days.client_id,
        '{{ source }}' as source,
        delivered.*
    from ({{ rows_of_deliveries(staged, delivery_days, source) }}) as delivered
    inner join {{ delivery_days }} as delivery_days
        on
            delivered.delivery_id = delivery_days.delivery_id
            and delivered.date = delivery_days.date
            and delivery_days.source = '{{ source }}'
{% endmacro %}
