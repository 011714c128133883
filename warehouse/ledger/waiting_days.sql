-- Which deliveries a verdict keeps from a day: newer than the one that gives it now. For a final day nothing waits: it
-- keeps what it was archived with, whatever is let through. The lateral join asks for each of them by itself, because
-- there are few.

with horizon as (
    select * from "ledger"."horizon"
),

delivery_days as (
    select * from "ledger"."delivery_days"
    where not is_allowed and date >= (select horizon.first_open_day from horizon)
),

final as (
    select
        delivery_days.client_id,
        delivery_days.source,
        delivery_days.date,
        delivery_days.delivery_id,
        delivery_days.delivered_at,
        delivery_days.precedence,
        delivery_days.verdict
    from delivery_days
    left join lateral (
        select current_days.precedence
        from "ledger"."current_days" as current_days
        where
            current_days.client_id = delivery_days.client_id
            and current_days.source = delivery_days.source
            and current_days.date = delivery_days.date
        order by current_days.precedence desc
        limit 1
    ) as given on true
    where given.precedence is null or delivery_days.precedence > given.precedence
)

select * from final
