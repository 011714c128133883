{{ config(materialized='table') }}

-- What happened to final days stays as it is published.
-- A table of its own, so that the planner knows how many they are when raw rows and prices are joined to them.

with changed_days as (
    select * from {{ ref('int_restated_days__changed') }}
    where is_current and date >= {{ first_open_day() }}
),

transitions as (
    select * from {{ ref('int_delivery_transitions__ordered') }}
),

final as (
    select
        transitions.*,
        changed_days.client_name,
        changed_days.currency,
        live.delivery_id is not null as is_published
    from transitions
    inner join changed_days
        on
            transitions.client_id = changed_days.client_id
            and transitions.source = changed_days.source
            and transitions.date = changed_days.date
    left join {{ live('int_delivery_transitions__split') }} as live
        on
            transitions.client_id = live.client_id
            and transitions.source = live.source
            and transitions.date = live.date
            and transitions.previous_delivery_id = live.previous_delivery_id
            and transitions.delivery_id = live.delivery_id
)

select * from final
