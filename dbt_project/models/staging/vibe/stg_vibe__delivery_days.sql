with delivered as (
    select * from {{ source('raw_vibe', 'delivery_days') }}
    where {{ is_whole_package(source('raw_vibe', '_dlt_loads')) }}
),

final as (
    select
        delivery_id,
        client_id,
        date,
        rows as accepted_rows,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        reported_spend
    from delivered
)

select * from final
