{{ config(materialized='table') }}

with won_days as (
    select * from {{ ref('int_delivery_days__won') }}
),

clients as (
    select * from {{ ref('stg_control__clients') }}
),

rates as (
    select * from {{ ref('int_cpm_rates__bounded') }}
),

final_days as (
    select * from {{ final_days() }} as final_days
),

rated_days as (
    select
        won_days.client_id,
        won_days.source,
        won_days.date,
        clients.client_name,
        won_days.delivery_id,
        rates.cpm,
        coalesce(rates.currency, clients.currency) as currency
    from won_days
    left join clients on won_days.client_id = clients.client_id
    left join rates
        on
            won_days.client_id = rates.client_id
            and won_days.date >= rates.valid_from
            and (won_days.date < rates.valid_before or rates.valid_before is null)
    where won_days.date >= {{ first_open_day() }}
),

final as (
    select * from rated_days
    union all
    select
        client_id,
        source,
        date,
        client_name,
        delivery_id,
        cpm,
        currency
    from final_days
)

select * from final
