{{ config(tags=['informing'], meta={'dagster': {'ref': {'name': 'int_source_days__rated'}}}) }}

-- Names the client and the dates whose spend is missing; `paidmedia cpm set` with an earlier date mends it, except for
-- days that are final. It informs:
-- the numbers of this client are published without spend, and those of the others as they are.
-- It reads `dim_clients` for the name: no model rests on both parents, so that dbt, which skips what comes after a
-- failed test, still builds everything.

with days as (
    select * from {{ ref('int_source_days__rated') }}
),

won_days as (
    select * from {{ ref('int_delivery_days__won') }}
),

clients as (
    select * from {{ ref('dim_clients') }}
),

final as (
    select
        days.client_id,
        clients.client_name,
        min(days.date) as first_date,
        max(days.date) as last_date,
        count(distinct days.date) as dates_without_a_cpm,
        sum(won_days.impressions) as impressions_without_a_price
    from days
    inner join won_days
        on days.client_id = won_days.client_id and days.source = won_days.source and days.date = won_days.date
    left join clients on days.client_id = clients.client_id
    where days.cpm is null and won_days.accepted_rows > 0 and days.date >= {{ first_open_day() }}
    group by days.client_id, clients.client_name
)

select * from final
order by client_id
