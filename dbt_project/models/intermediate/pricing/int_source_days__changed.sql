{{ config(materialized='table') }}

-- What a day rests on (its winning delivery, its price, its client's name) against what the published rows rest on.
-- Everything downstream is rebuilt for these days only. The comparison needs no clock and no record of builds, so it is
-- right after any history: a build that was killed has published nothing, and the next one finds the same days.

with current_days as (
    select * from {{ ref('int_source_days__rated') }}
),

published_days as (
    select * from {{ live('int_source_days__published') }} as live
),

final as (
    select
        coalesce(current_days.client_id, published_days.client_id) as client_id,
        coalesce(current_days.source, published_days.source) as source,
        coalesce(current_days.date, published_days.date) as date,
        current_days.client_name,
        current_days.delivery_id,
        current_days.cpm,
        current_days.currency,
        current_days.client_id is not null as is_current,
        published_days.client_id is not null as is_published
    from current_days
    full outer join published_days
        on
            current_days.client_id = published_days.client_id
            and current_days.source = published_days.source
            and current_days.date = published_days.date
    where
        (
            current_days.delivery_id,
            current_days.client_name,
            current_days.cpm,
            current_days.currency
        )
        is distinct from
        (
            published_days.delivery_id,
            published_days.client_name,
            published_days.cpm,
            published_days.currency
        )
)

select * from final
