with delivered as (
    select * from {{ source('ledger', 'deliveries') }}
),

final as (
    select
        delivery_id,
        client_id,
        source,
        as_of,
        delivered_at,
        rows_read,
        rows_accepted,
        rows_rejected,
        rows_dropped,
        verdict,
        is_allowed,
        allowed_at
    from delivered
)

select * from final
