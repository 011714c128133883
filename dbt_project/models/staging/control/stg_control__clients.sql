with registered as (
    select * from {{ source('control', 'clients') }}
),

final as (
    select
        client_id,
        name as client_name,
        cast(currency as text) as currency,
        is_active
    from registered
)

select * from final
