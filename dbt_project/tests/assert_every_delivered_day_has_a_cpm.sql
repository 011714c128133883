{{ config(meta={'dagster': {'ref': {'name': 'daily_metrics'}}}) }}

-- Names the client and the dates whose spend is missing; `paidmedia cpm set` with an earlier date mends it.
-- It reads `dim_clients` for the name: no model rests on both parents, so that dbt, which skips what comes after a
-- failed test, still builds everything else of this client and of the others.

with daily_metrics as (
    select * from {{ ref('daily_metrics') }}
),

clients as (
    select * from {{ ref('dim_clients') }}
),

final as (
    select
        daily_metrics.client_id,
        clients.client_name,
        min(daily_metrics.date) as first_date,
        max(daily_metrics.date) as last_date,
        count(distinct daily_metrics.date) as dates_without_a_cpm,
        sum(daily_metrics.impressions) as impressions_without_a_price
    from daily_metrics
    left join clients on daily_metrics.client_id = clients.client_id
    where daily_metrics.spend is null
    group by daily_metrics.client_id, clients.client_name
)

select * from final
order by client_id
