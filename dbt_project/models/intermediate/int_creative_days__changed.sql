{{ config(materialized='table') }}

-- Every creative of a changed day: those that it has now and those that are published for it. A full refresh makes the
-- creatives of archived months anew as well, from their first and last archived day.

with changed_days as (  -- noqa: ST03
    select * from {{ ref('int_source_days__changed') }}
),

archived_creatives as (
    select * from {{ ref('stg_control__archived_creatives') }}
    where {{ is_full_refresh() }}
),

archived_ends as (
    {% for day in ['first_date', 'last_date'] %}
        select
            {{ creative_path() | join(', ') }},
            creative_id,
            {{ day }} as date
        from archived_creatives
        {% if not loop.last %}union{% endif %}
    {% endfor %}
),

current_rows as (
    select
        {{ creative_path() | join(', ') }},
        creative_id,
        date
    from {{ ref('int_metrics__summed') }}
    union all
    select * from archived_ends
),

published_rows as (
    {{ live_days('daily_metrics', 'changed_days', 'is_published') }}
),

final as (
    select
        creative_id,
        date,
        {% for column in creative_path() %}
            coalesce(current_rows.{{ column }}, published_rows.{{ column }}) as {{ column }},
        {% endfor %}
        current_rows.creative_id is not null as is_current,
        published_rows.creative_id is not null as is_published
    from current_rows
    full outer join published_rows using (creative_id, date)
)

select * from final
