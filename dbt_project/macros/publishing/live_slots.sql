{# The live rows of the slots of a CTE that meet a condition over `live` and `slots`. The lateral join reads those
   partitions only: a plain join may be planned as a scan of all of them. #}
{% macro live_slots(model, slots, condition='true') %}
    select live.*
    from {{ slots }} as slots
    cross join lateral (
        select * from {{ live(model) }} as live
        where live.slot = slots.slot and {{ condition }}
        offset 0
    ) as live
{% endmacro %}
