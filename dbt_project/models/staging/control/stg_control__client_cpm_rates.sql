with agreed as (
    select * from {{ source('control', 'client_cpm_rates') }}
),

final as (
    select
        client_id,
        effective_date,
        cpm,
        cast(currency as text) as currency
    from agreed
)

select * from final
