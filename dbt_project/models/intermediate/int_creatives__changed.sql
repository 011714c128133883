{{ config(materialized='table') }}

-- The creatives that this build brings (`is_current`) and those that no row is left of. A creative that a restated day
-- has lost is looked for in the periods summed anew first, and only then among all days of its client.

with changed_days as (  -- noqa: ST03
    select * from {{ ref('int_source_days__changed') }}
),

current_rows as (
    select * from {{ ref('int_metrics__summed') }}
),

published_rows as (
    {{ live_days('daily_metrics', 'changed_days', 'is_published') }}
),

published_creatives as (
    select * from {{ live('dim_creatives') }} as live
),

appeared as (
    select distinct
        creative_id,
        {{ creative_path() | join(',\n        ') }}
    from current_rows
    where creative_id not in (select published_creatives.creative_id from published_creatives)
),

left_a_day as (
    select distinct
        creative_id,
        {{ creative_path() | join(',\n        ') }}
    from published_rows
    where
        creative_id not in (select current_rows.creative_id from current_rows)
        and creative_id not in (select summed.creative_id from {{ ref('int_creative_periods__summed') }} as summed)
),

on_other_days as (
    select live.creative_id
    from {{ live('daily_metrics') }} as live
    left join changed_days
        on
            live.client_id = changed_days.client_id
            and live.source = changed_days.source
            and live.date = changed_days.date
    where
        live.client_id in (select left_a_day.client_id from left_a_day)
        and live.creative_id in (select left_a_day.creative_id from left_a_day)
        and changed_days.client_id is null
),

final as (
    select
        *,
        true as is_current
    from appeared
    union all
    select
        *,
        false as is_current
    from left_a_day
    where creative_id not in (select on_other_days.creative_id from on_other_days)
)

select * from final
