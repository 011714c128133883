with surfside as (
    select * from {{ ref('stg_surfside__deliveries') }}
),

vibe as (
    select * from {{ ref('stg_vibe__deliveries') }}
),

facebook as (
    select * from {{ ref('stg_facebook__deliveries') }}
),

verdicts as (
    select * from {{ ref('stg_control__delivery_verdicts') }}
),

united as (
    select * from surfside
    union all
    select * from vibe
    union all
    select * from facebook
),

final as (
    select
        united.delivery_id,
        united.client_id,
        united.source,
        united.as_of,
        united.delivered_at,
        united.rows_read,
        united.rows_accepted,
        united.rows_rejected,
        united.rows_dropped,
        coalesce(verdicts.verdict, 'pending') as verdict,
        coalesce(verdicts.verdict in ('passed', 'released'), false) as is_allowed,
        case
            when verdicts.verdict in ('passed', 'released')
                then greatest(united.delivered_at, coalesce(verdicts.released_at, verdicts.judged_at))
        end as allowed_at
    from united
    left join verdicts on united.delivery_id = verdicts.delivery_id
)

select * from final
