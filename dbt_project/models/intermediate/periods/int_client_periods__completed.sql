with won_days as (
    select * from {{ ref('int_delivery_days__won') }}
),

adjusted_periods as (
    select * from {{ ref('int_client_periods__adjusted') }}
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
        min(first_date) as first_date,
        max(last_date) as last_date
    from source_spans
    group by client_id
),

period_sources as (
    {% for period in ['week', 'month'] %}
        select distinct
            client_id,
            source,
            '{{ period }}' as period,
            {{ period_start(period, 'date') }} as period_start,
            {{ period_end(period, 'date') }} as period_end
        from won_days
        union all
    {% endfor %}
    select
        client_id,
        cast(null as text) as source,
        period,
        period_start,
        period_end
    from adjusted_periods
),

final as (
    select
        period_sources.client_id,
        period_sources.period,
        period_sources.period_start,
        period_sources.period_end,
        coalesce(
            min(client_spans.first_date) <= period_sources.period_start
            and coalesce(min(source_spans.last_date), min(client_spans.last_date)) >= period_sources.period_end,
            false
        ) as is_complete
    from period_sources
    left join client_spans on period_sources.client_id = client_spans.client_id
    left join source_spans
        on period_sources.client_id = source_spans.client_id and period_sources.source = source_spans.source
    group by period_sources.client_id, period_sources.period, period_sources.period_start, period_sources.period_end
)

select * from final
