-- The campaigns as they will be: those of creatives that come or go as rebuilt, all others as published.

with rebuilt as (
    select * from {{ ref('dim_campaigns') }}
),

changed_creatives as (
    select * from {{ ref('int_creatives__changed') }}
),

unchanged as (
    select live.*
    from {{ live('dim_campaigns') }} as live
    where not exists (
        select 1 from changed_creatives
        where changed_creatives.campaign_id = live.campaign_id
    )
),

final as (
    select * from rebuilt
    union all
    select * from unchanged
)

select * from final
