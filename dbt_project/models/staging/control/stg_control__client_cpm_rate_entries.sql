with entered as (
    select * from {{ source('control', 'client_cpm_rate_entries') }}
),

final as (
    select
        entry_id,
        client_id,
        effective_date,
        cpm,
        cast(currency as text) as currency,
        entered_at
    from entered
)

select * from final
