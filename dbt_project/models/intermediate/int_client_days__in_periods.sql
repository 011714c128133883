{{ config(materialized='table') }}

with won_days as (
    select * from {{ ref('int_delivery_days__won') }}
),

client_days as (
    select
        client_id,
        date,
        max(date) over (partition by client_id) as last_date
    from won_days
    group by client_id, date
),

calendar_periods as (
    {% for period in ['week', 'month'] %}
        select
            client_id,
            date,
            '{{ period }}' as period,
            {{ period_start(period, 'date') }} as period_start,
            {{ period_end(period, 'date') }} as period_end
        from client_days
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

trailing_periods as (
    {% for days in [7, 30, 90] %}
        select
            client_id,
            date,
            'last_{{ days }}_days' as period,
            {{ days_after('last_date', 1 - days) }} as period_start,
            last_date as period_end
        from client_days
        where date >= {{ days_after('last_date', 1 - days) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select * from calendar_periods
    union all
    select * from trailing_periods
)

select * from final
