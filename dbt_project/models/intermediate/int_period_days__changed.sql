{{ config(materialized='table') }}

-- A changed day changes its week and its month. It also changes the trailing windows that it lies in, and as a client's
-- last day moves, days enter and leave them. A week or window that reaches into archived days stays as it is published;
-- the next window after it is summed anew, because what leaves it is no longer there.

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
        max(case when published_days.delivery_id is not null then date end) over clients as published_last_date,
        max(case when date < {{ first_hot_day() }} then date end) over clients as last_archived_date
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

windows as (
    {% for length in [7, 30, 90] %}
        select
            *,
            'last_{{ length }}_days' as period,
            {{ days_after('last_date', 1 - length) }} as period_start,
            {{ days_after('published_last_date', 1 - length) }} as published_period_start
        from days
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

open_windows as (
    select
        *,
        case
            when last_archived_date is null or published_period_start > last_archived_date then published_period_start
        end as continued_period_start
    from windows
    where last_archived_date is null or period_start > last_archived_date
),

trailing_periods as (
    select
        client_id,
        source,
        date,
        period,
        period_start,
        last_date as period_end,
        continued_period_start as published_period_start,
        is_changed,
        coalesce(is_current and date >= period_start, false) as is_in,
        coalesce(is_published and date >= continued_period_start, false) as was_in
    from open_windows
),

final as (
    select * from calendar_periods
    where period_start >= {{ first_open_day() }} or period = 'month'
    union all
    select * from trailing_periods
    where (is_in or was_in) and (is_changed or is_in <> was_in)
)

select * from final
