{{ config(materialized='published') }}

with adjustments as (
    select * from {{ ref('stg_control__spend_adjustments') }}
),

clients as (
    select * from {{ ref('stg_control__clients') }}
),

final as (
    select
        adjustments.adjustment_id,
        adjustments.client_id,
        clients.client_name,
        adjustments.date,
        adjustments.for_month,
        adjustments.amount,
        adjustments.currency,
        adjustments.cpm,
        adjustments.effective_date,
        adjustments.booked_at
    from adjustments
    left join clients on adjustments.client_id = clients.client_id
)

select * from final
