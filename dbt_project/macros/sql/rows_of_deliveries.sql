{# The staged rows of the delivery days of a CTE. The lateral join reads delivery by delivery through the index: a plain
   join may be planned as a scan of everything that was ever delivered. #}
{% macro rows_of_deliveries(staged, delivery_days, source) %}
    select delivered.*
    from (select distinct delivery_id from {{ delivery_days }} where source = '{{ source }}') as deliveries
    cross join lateral (
        select * from {{ staged }} as staged
        where staged.delivery_id = deliveries.delivery_id
        offset 0
    ) as delivered
    inner join {{ delivery_days }} as delivery_days
        on delivered.delivery_id = delivery_days.delivery_id and delivered.date = delivery_days.date
{% endmacro %}
