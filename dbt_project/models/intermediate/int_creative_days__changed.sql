{{ config(materialized='table') }}

-- Every creative of a changed day: those that it has now and those that are published for it.

with changed_days as (  -- noqa: ST03
    select * from {{ ref('int_source_days__changed') }}
),

current_rows as (
    select * from {{ ref('int_metrics__summed') }}
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
