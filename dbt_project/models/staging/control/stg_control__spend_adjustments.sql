with booked as (
    select * from {{ source('control', 'spend_adjustments') }}
),

final as (
    select
        adjustment_id,
        client_id,
        date,
        for_month,
        amount,
        cast(currency as text) as currency,
        cpm,
        effective_date,
        booked_at
    from booked
)

select * from final
