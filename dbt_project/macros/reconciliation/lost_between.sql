{# One row per client, source, day and measure that two stages of the calling test total differently, with both totals.
   What one side lacks counts as zero. A stage is a CTE in the shape of `reconciled_totals`. #}
{% macro lost_between(hop, upstream, downstream, measures) %}
    select
        '{{ hop }}' as hop,
        client_id,
        source,
        day,
        totals.measure,
        coalesce(totals.before, 0) as upstream_total,
        coalesce(totals.after, 0) as downstream_total
    from {{ upstream }} as upstream
    full outer join {{ downstream }} as downstream using (client_id, source, day)
    cross join lateral (
        values
        {% for measure in measures %}
            ('{{ measure }}', upstream.{{ measure }}, downstream.{{ measure }}){{ ',' if not loop.last }}
        {% endfor %}
    ) as totals (measure, before, after)
    where coalesce(totals.before, 0) <> coalesce(totals.after, 0)
{% endmacro %}
