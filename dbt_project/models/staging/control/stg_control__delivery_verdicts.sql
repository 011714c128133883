with judged as (
    select * from {{ source('control', 'delivery_verdicts') }}
),

final as (
    select
        delivery_id,
        verdict
    from judged
)

select * from final
