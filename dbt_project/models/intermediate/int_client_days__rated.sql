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

client_days as (
    select distinct
        client_id,
        date
    from won_days
),

final as (
    select
        client_days.client_id,
        client_days.date,
        rates.cpm,
        coalesce(rates.currency, clients.currency) as currency
    from client_days
    left join clients on client_days.client_id = clients.client_id
    left join rates
        on
            client_days.client_id = rates.client_id
            and client_days.date >= rates.valid_from
            and (client_days.date < rates.valid_before or rates.valid_before is null)
)

select * from final
