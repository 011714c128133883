{{ config(meta={'dagster': {'ref': {'name': 'metric_restatements'}}}) }}

-- All changes of a day whose story is told anew, together, and what its last step says, against what is about to be
-- published of the day, or is published where its numbers stay. A row names the client, the source, the day, the
-- measure and both numbers. What is unknown counts as zero.

with restatements as (
    select * from {{ ref('metric_restatements') }}
),

changes as (
    select
        client_id,
        source,
        date as day,
    {% for measure in restated_measures() %}
        sum({{ measure }}_change) as {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from restatements
    group by client_id, source, date
),

numbered as (
    select
        *,
        row_number() over (partition by client_id, source, date order by step desc) as newest_first
    from restatements
),

last_steps as (
    select
        client_id,
        source,
        date as day,
    {% for measure in restated_measures() %}
        {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from numbered
    where newest_first = 1
),

days_that_stay as (
    select
        restated_days.client_id,
        restated_days.source,
        restated_days.date
    from {{ ref('int_restated_days__changed') }} as restated_days
    left join {{ ref('int_source_days__changed') }} as changed_days
        on
            restated_days.client_id = changed_days.client_id
            and restated_days.source = changed_days.source
            and restated_days.date = changed_days.date
    where restated_days.is_current and changed_days.client_id is null
),

open_days as (
    select * from {{ ref('daily_metrics') }}
    where date >= {{ first_open_day() }}
),

published_days as (
    select live.*
    from {{ live('daily_metrics') }} as live
    inner join days_that_stay
        on
            live.client_id = days_that_stay.client_id
            and live.source = days_that_stay.source
            and live.date = days_that_stay.date
),

daily as (
    {{ reconciled_totals('open_days', spend=summed_spend()) }}
    union all
    {{ reconciled_totals('published_days', spend=summed_spend()) }}
),

final as (
    {{ lost_between('changes to daily_metrics', 'changes', 'daily', restated_measures()) }}
    union all
    {{ lost_between('last step to daily_metrics', 'last_steps', 'daily', restated_measures()) }}
)

select * from final
