{# One row per measure that two CTEs of the calling test, `upstream` and `downstream`, total differently for a client,
   source and day (both have exactly one row for each of those), with both totals. What one side lacks counts as zero. #}
{% macro unequal_totals(hop, measures) %}
    {% for measure in measures %}
        select
            '{{ hop }}' as hop,
            coalesce(upstream.client_id, downstream.client_id) as client_id,
            coalesce(upstream.source, downstream.source) as source,
            coalesce(upstream.day, downstream.day) as day,
            '{{ measure }}' as measure,
            coalesce(upstream.{{ measure }}, 0) as upstream_total,
            coalesce(downstream.{{ measure }}, 0) as downstream_total
        from upstream
        full outer join downstream
            on
                upstream.client_id = downstream.client_id
                and upstream.source = downstream.source
                and upstream.day = downstream.day
        where coalesce(upstream.{{ measure }}, 0) <> coalesce(downstream.{{ measure }}, 0)
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
{% endmacro %}
