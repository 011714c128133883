{{ config(meta={'dagster': {'ref': {'name': 'daily_metrics'}}}) }}

-- Spend worked out a second way: every delivered day's impressions times the last rate entered for it or before.

with delivered_days as (
    select
        client_id,
        source,
        date as day,
        sum(impressions) as impressions
    from {{ ref('int_metrics__united') }}
    group by client_id, source, date
),

rates as (
    select * from {{ ref('stg_control__client_cpm_rates') }}
),

priced_days as (
    select
        delivered_days.client_id,
        delivered_days.source,
        delivered_days.day,
        delivered_days.impressions,
        rates.cpm,
        row_number() over (
            partition by delivered_days.client_id, delivered_days.source, delivered_days.day
            order by rates.effective_date desc
        ) as latest_first
    from delivered_days
    inner join rates on delivered_days.client_id = rates.client_id and delivered_days.day >= rates.effective_date
),

upstream as (
    select
        client_id,
        source,
        day,
        impressions * cpm / 1000 as spend
    from priced_days
    where latest_first = 1
),

downstream as (
    select
        client_id,
        source,
        date as day,
        {{ summed_spend() }} as spend
    from {{ ref('daily_metrics') }}
    group by client_id, source, date
)

{{ unequal_totals('rates to daily_metrics', ['spend']) }}
