{{ config(materialized='table') }}

with delivery_days as (
    select * from {{ ref('int_delivery_days__judged') }}
),

final_days as (
    select * from {{ final_days() }} as final_days
),

candidates as (
    select delivery_days.*
    from delivery_days
    left join final_days
        on
            delivery_days.client_id = final_days.client_id
            and delivery_days.source = final_days.source
            and delivery_days.date = final_days.date
    where
        (delivery_days.is_allowed and delivery_days.date >= {{ first_open_day() }})
        or delivery_days.delivery_id = final_days.delivery_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by client_id, source, date
            order by as_of desc, delivered_at desc, delivery_id desc
        ) as newest_first
    from candidates
),

final as (
    select
        client_id,
        source,
        date,
        delivery_id,
        as_of,
        delivered_at,
        accepted_rows,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        reported_spend
    from ranked
    where newest_first = 1
)

select * from final
