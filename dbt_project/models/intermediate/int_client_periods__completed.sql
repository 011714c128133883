with won_days as (
    select * from {{ ref('int_delivery_days__won') }}
),

days_in_periods as (
    select * from {{ ref('int_client_days__in_periods') }}
),

source_spans as (
    select
        client_id,
        source,
        min(date) as first_date,
        max(date) as last_date
    from won_days
    group by client_id, source
),

client_spans as (
    select
        client_id,
        min(first_date) as first_date
    from source_spans
    group by client_id
),

period_sources as (
    select distinct
        won_days.client_id,
        won_days.source,
        days_in_periods.period,
        days_in_periods.period_start,
        days_in_periods.period_end
    from won_days
    inner join days_in_periods
        on won_days.client_id = days_in_periods.client_id and won_days.date = days_in_periods.date
    where days_in_periods.period in ('week', 'month')
),

final as (
    select
        period_sources.client_id,
        period_sources.period,
        period_sources.period_start,
        period_sources.period_end,
        min(client_spans.first_date) <= period_sources.period_start
        and min(source_spans.last_date) >= period_sources.period_end as is_complete
    from period_sources
    inner join client_spans on period_sources.client_id = client_spans.client_id
    inner join source_spans
        on period_sources.client_id = source_spans.client_id and period_sources.source = source_spans.source
    group by period_sources.client_id, period_sources.period, period_sources.period_start, period_sources.period_end
)

select * from final
