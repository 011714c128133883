{{ config(meta={'dagster': {'ref': {'name': 'metric_restatements'}}}) }}

-- All changes of a changed day together, and what its last step says, against what is about to be published of it. A
-- row names the client, the source, the day, the measure and both numbers. What is unknown counts as zero.

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

open_days as (
    select * from {{ ref('daily_metrics') }}
    where date >= {{ first_open_day() }}
),

daily as (
    {{ reconciled_totals('open_days', spend=summed_spend()) }}
),

final as (
    {{ lost_between('changes to daily_metrics', 'changes', 'daily', restated_measures()) }}
    union all
    {{ lost_between('last step to daily_metrics', 'last_steps', 'daily', restated_measures()) }}
)

select * from final
