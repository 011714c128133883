{# The live rows of the client-source-days of a CTE. The lateral join reads day by day through the index: a plain join may
   be planned as a scan of the whole history. #}
{% macro live_days(model, days, condition='true') %}
    select live.*
    from (select distinct client_id, source, date from {{ days }} where {{ condition }}) as days
    cross join lateral (
        select * from {{ live(model) }} as live
        where live.client_id = days.client_id and live.client_id <> '' and live.date = days.date and live.source = days.source
        offset 0
    ) as live
{% endmacro %}
