{{ config(materialized='table') }}

-- A changed day changes its week and its month. It also changes the trailing windows that it lies in, and as a client's
-- last day moves, days enter and leave them.
-- The sums of a client's latest week and month and of its windows are kept (`is_kept` after this build, `was_kept`
-- before it): those change by the days that come and go. Any other week or month is summed anew from all of its days.
-- A period that reaches into archived days stays as it is published; the next window after it is summed anew, because
-- what leaves it is no longer there.

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

calendar_days as (
    {% for period in ['week', 'month'] %}
        select
            days.*,
            '{{ period }}' as period,
            {{ period_start(period, 'date') }} as period_start,
            {{ period_end(period, 'date') }} as period_end,
            coalesce({{ period_start(period, 'date') }} = {{ period_start(period, 'last_date') }}, false) as is_kept,
            coalesce(
                {{ period_start(period, 'date') }} = {{ period_start(period, 'published_last_date') }}, false
            ) as was_kept
        from days
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

calendar_periods as (
    select
        *,
        bool_or(is_changed) over (partition by client_id, period, period_start)
        or (is_kept and not was_kept) as is_changed_period
    from calendar_days
),

windows as (
    {% for length in [7, 30, 90] %}
        select
            *,
            'last_{{ length }}_days' as period,
            {{ days_after('last_date', 1 - length) }} as period_start,
            last_date as period_end,
            {{ days_after('published_last_date', 1 - length) }} as published_period_start
        from days
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

trailing_periods as (
    select
        *,
        case
            when last_archived_date is null or published_period_start > last_archived_date then published_period_start
        end as continued_period_start
    from windows
    where last_archived_date is null or period_start > last_archived_date
),

united as (
    select
        client_id,
        source,
        date,
        period,
        period_start,
        period_end,
        case when was_kept then period_start end as published_period_start,
        is_kept,
        is_changed,
        is_current as is_in,
        is_published and was_kept as was_in
    from calendar_periods
    where
        is_changed_period
        and (is_changed or not was_kept)
        and period_start >= case period when 'week' then {{ first_open_day() }} else {{ first_hot_day() }} end
    union all
    select
        client_id,
        source,
        date,
        period,
        period_start,
        period_end,
        continued_period_start as published_period_start,
        true as is_kept,
        is_changed,
        coalesce(is_current and date >= period_start, false) as is_in,
        coalesce(is_published and date >= continued_period_start, false) as was_in
    from trailing_periods
),

final as (
    select * from united
    where (is_in or was_in or period in ('week', 'month')) and (is_changed or is_in <> was_in)
)

select * from final
