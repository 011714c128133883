-- Which delivery gives a day: of those that are allowed the newest one, whole. A final day keeps the one that it was
-- archived with. It rests on the ledger alone, so a database has it before its first build.

with delivery_days as (
    select * from "ledger"."delivery_days"
),

final_days as (
    select * from "control"."final_days"
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
        delivery_days.delivery_id = final_days.delivery_id
        or (
            delivery_days.is_allowed
            and delivery_days.date >= (
                select horizon.first_open_day from "ledger"."horizon" as horizon
            )
        )
),

ranked as (
    select
        *,
        row_number() over (partition by client_id, source, date order by precedence desc) as newest_first
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
        precedence,
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
