{{
    config(
        materialized='published',
        scope='int_creative_days__changed',
        replaces='live.creative_id = scope.creative_id',
        indexes=[{'columns': ['creative_id']}, {'columns': ['campaign_id']}],
        contract={'enforced': true}
    )
}}

-- A span grows with the days that are new. It shrinks only when its first or last day has lost the creative; the other
-- days of the client are searched for the new end then. Days that are archived stay in it.

with creative_days as (
    select * from {{ ref('int_creative_days__changed') }}
),

changed_days as (
    select * from {{ ref('int_source_days__changed') }}
),

published_spans as (
    select * from {{ live('int_creatives__spanned') }} as live
),

archived_creatives as (
    select * from {{ ref('stg_control__archived_creatives') }}
),

changed_creatives as (
    select
        creative_days.creative_id,
        {% for column in creative_path() %}
            min(creative_days.{{ column }}) as {{ column }},
        {% endfor %}
        min(case when creative_days.is_current then creative_days.date end) as first_changed_date,
        max(case when creative_days.is_current then creative_days.date end) as last_changed_date,
        min(published_spans.first_date) as published_first_date,
        max(published_spans.last_date) as published_last_date,
        coalesce(
            bool_or(
                not creative_days.is_current
                and creative_days.date in (published_spans.first_date, published_spans.last_date)
            ),
            false
        ) as has_lost_an_end
    from creative_days
    left join published_spans on creative_days.creative_id = published_spans.creative_id
    group by creative_days.creative_id
),

creatives_that_lost_an_end as (
    select * from changed_creatives
    where has_lost_an_end
),

unchanged_rows as (
    select
        live.creative_id,
        min(live.date) as first_date,
        max(live.date) as last_date
    from {{ live('daily_metrics') }} as live
    inner join creatives_that_lost_an_end as lost_an_end on live.creative_id = lost_an_end.creative_id
    left join changed_days
        on
            live.client_id = changed_days.client_id
            and live.source = changed_days.source
            and live.date = changed_days.date
    where
        live.client_id in (select lost.client_id from creatives_that_lost_an_end as lost)
        and changed_days.client_id is null
    group by live.creative_id
),

spanned as (
    select
        changed_creatives.*,
        least(
            archived_creatives.first_date,
            changed_creatives.first_changed_date,
            case
                when changed_creatives.has_lost_an_end then unchanged_rows.first_date
                else changed_creatives.published_first_date
            end
        ) as first_date,
        greatest(
            archived_creatives.last_date,
            changed_creatives.last_changed_date,
            case
                when changed_creatives.has_lost_an_end then unchanged_rows.last_date
                else changed_creatives.published_last_date
            end
        ) as last_date
    from changed_creatives
    left join unchanged_rows on changed_creatives.creative_id = unchanged_rows.creative_id
    left join archived_creatives on changed_creatives.creative_id = archived_creatives.creative_id
),

final as (
    select
        creative_id,
        {% for column in creative_path() %}
            {{ column }},
        {% endfor %}
        first_date,
        last_date
    from spanned
    where first_date is not null
)

select * from final
