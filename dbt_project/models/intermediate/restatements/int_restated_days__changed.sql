{{ config(materialized='table') }}

-- A day's story is told anew when its history, its currency or its client's name is not that of the story told.
-- Stories of final days stay.

with days as (
    select * from {{ ref('int_source_days__rated') }}
    where date >= {{ first_open_day() }}
),

histories as (
    select * from {{ ref('int_source_days__retraced') }}
),

current_days as (
    select
        days.client_id,
        days.source,
        days.date,
        days.client_name,
        days.currency,
        histories.history_id
    from days
    left join histories
        on
            days.client_id = histories.client_id
            and days.source = histories.source
            and days.date = histories.date
),

told_days as (
    select * from {{ live('int_restated_days__published') }} as live
    where date >= {{ first_open_day() }}
),

final as (
    select
        coalesce(current_days.client_id, told_days.client_id) as client_id,
        coalesce(current_days.source, told_days.source) as source,
        coalesce(current_days.date, told_days.date) as date,
        current_days.client_name,
        current_days.currency,
        current_days.history_id,
        current_days.client_id is not null as is_current
    from current_days
    full outer join told_days
        on
            current_days.client_id = told_days.client_id
            and current_days.source = told_days.source
            and current_days.date = told_days.date
    where
        (current_days.client_name, current_days.currency, current_days.history_id)
        is distinct from (told_days.client_name, told_days.currency, told_days.history_id)
)

select * from final
