{{ config(materialized='table', indexes=[{'columns': ['creative_id']}]) }}

-- The creatives that this build brings (`is_current`) and those that no row is left of. A creative that a restated day
-- has lost is looked for in the periods summed anew first, and only then among all days of its client. Those of
-- archived months stay; a full refresh brings them again.

with changed_days as (  -- noqa: ST03
    select * from {{ ref('int_source_days__changed') }}
),

published_rows as (
    {{ live_days('daily_metrics', 'changed_days', 'is_published') }}
),

current_rows as (
    select
        creative_id,
        {{ creative_path() | join(',\n        ') }}
    from {{ ref('int_metrics__summed') }}
    union all
    select
        creative_id,
        {{ creative_path() | join(',\n        ') }}
    from {{ ref('stg_control__archived_creatives') }}
    where {{ is_full_refresh() }}
),

appeared as (
    select distinct current_rows.*
    from current_rows
    where not exists (
        select 1 from {{ live('dim_creatives') }} as live
        where live.creative_id = current_rows.creative_id
    )
),

left_a_day as (
    select distinct
        creative_id,
        {{ creative_path() | join(',\n        ') }}
    from published_rows
    where
        not exists (
            select 1 from {{ ref('int_metrics__summed') }} as summed
            where summed.creative_id = published_rows.creative_id
        )
        and not exists (
            select 1 from {{ ref('int_creative_periods__summed') }} as periods
            where periods.creative_id = published_rows.creative_id
        )
        and not exists (
            select 1 from {{ ref('stg_control__archived_creatives') }} as archived
            where archived.creative_id = published_rows.creative_id
        )
),

on_other_days as (
    select distinct live.creative_id
    from {{ live('daily_metrics') }} as live
    inner join left_a_day on live.client_id = left_a_day.client_id and live.creative_id = left_a_day.creative_id
    where not exists (
        select 1 from changed_days
        where
            changed_days.client_id = live.client_id
            and changed_days.source = live.source
            and changed_days.date = live.date
    )
),

final as (
    select
        *,
        true as is_current
    from appeared
    union all
    select
        left_a_day.*,
        false as is_current
    from left_a_day
    where not exists (
        select 1 from on_other_days
        where on_other_days.creative_id = left_a_day.creative_id
    )
)

select * from final
