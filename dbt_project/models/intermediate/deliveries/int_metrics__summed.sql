with final as (
    {% for each in known_sources() %}
        select * from {{ ref('int_' ~ each.source ~ '_metrics__summed') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
