{# The live rows of the slots of a CTE that meet a condition over `live` and `periods`. The lateral join reads the
   partitions of those slots only: a plain join may be planned as a scan of all of them. #}
{% macro live_slots(model, periods, condition) %}
    select live.*
    from {{ periods }} as periods
    cross join lateral (
        select * from {{ live(model) }} as live
        where live.slot = periods.slot and live.{{ condition }}
        offset 0
    ) as live
{% endmacro %}
