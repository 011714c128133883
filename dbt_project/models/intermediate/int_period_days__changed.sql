{{ config(materialized='table') }}

-- A changed day changes its week and its month. It also changes the trailing windows that it lies in, and as a client's
-- last day moves, days enter and leave them.

with current_days as (
    select * from {{ ref('int_source_days__rated') }}
),

published_days as (
    select * from {{ live('int_source_days__published') }} as live
),

changed_days as (
    select * from {{ ref('int_source_days__changed') }}
),

days as (
    select
        client_id,
        source,
        date,
        current_days.delivery_id is not null as is_current,
        published_days.delivery_id is not null as is_published,
        changed_days.client_id is not null as is_changed,
        max(case when current_days.delivery_id is not null then date end) over clients as last_date,
        max(case when published_days.delivery_id is not null then date end) over clients as published_last_date
    from current_days
    full outer join published_days using (client_id, source, date)
    left join changed_days using (client_id, source, date)
    window clients as (partition by client_id)
),

calendar_periods as (
    {% for period in ['week', 'month'] %}
        select
            client_id,
            source,
            date,
            '{{ period }}' as period,
            {{ period_start(period, 'date') }} as period_start,
            {{ period_end(period, 'date') }} as period_end,
            {{ period_start(period, 'date') }} as published_period_start,
            is_changed,
            is_current as is_in,
            is_published as was_in
        from days
        where is_changed
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

trailing_periods as (
    {% for length in [7, 30, 90] %}
        select
            client_id,
            source,
            date,
            'last_{{ length }}_days' as period,
            {{ days_after('last_date', 1 - length) }} as period_start,
            last_date as period_end,
            {{ days_after('published_last_date', 1 - length) }} as published_period_start,
            is_changed,
            coalesce(is_current and date >= {{ days_after('last_date', 1 - length) }}, false) as is_in,
            coalesce(
                is_published and date >= {{ days_after('published_last_date', 1 - length) }}, false
            ) as was_in
        from days
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select * from calendar_periods
    union all
    select * from trailing_periods
    where (is_in or was_in) and (is_changed or is_in <> was_in)
)

select * from final
