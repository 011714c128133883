with surfside as (
    select * from {{ ref('int_surfside_metrics__summed') }}
),

vibe as (
    select * from {{ ref('int_vibe_metrics__summed') }}
),

facebook as (
    select * from {{ ref('int_facebook_metrics__summed') }}
),

final as (
    select * from surfside
    union all
    select * from vibe
    union all
    select * from facebook
)

select * from final
