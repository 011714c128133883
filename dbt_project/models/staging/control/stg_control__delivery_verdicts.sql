with judged as (
    select * from {{ source('control', 'delivery_verdicts') }}
),

final as (
    select
        delivery_id,
        verdict,
        judged_at,
        released_at
    from judged
)

select * from final
