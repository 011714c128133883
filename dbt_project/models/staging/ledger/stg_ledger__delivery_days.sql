with delivered as (
    select * from {{ source('ledger', 'delivery_days') }}
),

final as (
    select
        delivery_id,
        client_id,
        source,
        date,
        as_of,
        delivered_at,
        precedence,
        verdict,
        is_allowed,
        allowed_at,
        accepted_rows,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        reported_spend
    from delivered
)

select * from final
