-- The creatives as they will be: those of the changed days as rebuilt, all others as published.

with changed_creatives as (
    select * from {{ ref('int_creatives__spanned') }}
),

creative_days as (
    select * from {{ ref('int_creative_days__changed') }}
),

unchanged_creatives as (
    select live.*
    from {{ live('int_creatives__spanned') }} as live
    where not exists (
        select 1 from creative_days
        where creative_days.creative_id = live.creative_id
    )
),

final as (
    select * from changed_creatives
    union all
    select * from unchanged_creatives
)

select * from final
