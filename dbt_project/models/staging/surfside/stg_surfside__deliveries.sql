with delivered as (
    select * from {{ source('raw_surfside', 'deliveries') }}
    where {{ is_whole_package(source('raw_surfside', '_dlt_loads')) }}
),

final as (
    select
        delivery_id,
        client_id,
        'surfside' as source,
        as_of,
        delivered_at,
        rows_read,
        rows_accepted,
        rows_rejected,
        rows_dropped
    from delivered
)

select * from final
