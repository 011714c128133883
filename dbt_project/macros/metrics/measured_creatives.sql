{# The sums of `int_creative_periods__summed` as measures, NULL where not known. To select from: written out where it is
   read, so that the index of the table serves. #}
{% macro measured_creatives(relation) %}
    (
        select
            slot,
            client_id,
            currency,
            period,
            period_start,
            source,
            creative_id,
            impressions,
            {% for measure in measures_with_gaps() %}
                {{ known_measure(measure) }} as {{ measure }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ relation }}
    )
{% endmacro %}
