-- The campaigns' days as they will be: the changed ones as rebuilt, all others as published.

with rebuilt as (
    select * from {{ ref('daily_campaign_metrics') }}
),

changed_days as (
    select * from {{ ref('int_source_days__changed') }}
),

unchanged as (
    select live.*
    from {{ live('daily_campaign_metrics') }} as live
    where not exists (
        select 1 from changed_days
        where
            changed_days.client_id = live.client_id
            and changed_days.source = live.source
            and changed_days.date = live.date
    )
),

final as (
    select * from rebuilt
    union all
    select * from unchanged
)

select * from final
