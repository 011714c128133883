{{
    config(
        materialized='published',
        scope='int_client_periods__changed',
        replaces='live.client_id = scope.client_id and live.period = scope.period
            and live.period_start = scope.replaced_period_start',
        keeps="period_start < case period when 'week' then first_open_day else first_hot_day end",
        indexes=[{'columns': ['client_id', 'period', 'period_start']}],
        contract={'enforced': true}
    )
}}

-- new sums = published sums − the published rows of changed and leaving days + the rows of changed and entering days.
-- Exact, because the sums are. The counts say when a measure is unknown: no day has it; for spend, some day lacks it.

with changed_periods as (
    select * from {{ ref('int_client_periods__changed') }}
),

period_days as (
    select * from {{ ref('int_period_days__changed') }}
),

priced as (
    select * from {{ ref('int_metrics__priced') }}
),

published_rows as (
    {{ live_days('daily_metrics', 'period_days', 'was_in or not is_changed') }}
),

numbered_days as (
    select
        period_days.*,
        changed_periods.period_number
    from period_days
    inner join changed_periods using (client_id, period, period_start)
),

published_sums as (
    select
        live.creative_id,
        changed_periods.period_number,
        live.source,
        live.currency,
        1 as sign,
        live.days,
        live.impressions,
    {% for measure in measures_with_gaps() %}
        live.known_{{ measure }},
        live.{{ measure }}_days{{ ',' if not loop.last }}
    {% endfor %}
    from {{ live('int_creative_periods__summed') }} as live
    inner join changed_periods
        on
            live.client_id = changed_periods.client_id
            and live.period = changed_periods.period
            and live.period_start = changed_periods.published_period_start
),

changes as (
    {% for rows, condition, sign in [
        ('priced', 'numbered_days.is_changed and numbered_days.is_in', '1'),
        (
            'published_rows',
            'numbered_days.was_in or not numbered_days.is_changed',
            'case when numbered_days.was_in then -1 else 1 end',
        ),
    ] %}
        select
            {{ rows }}.creative_id,
            numbered_days.period_number,
            {{ rows }}.source,
            {{ rows }}.currency,
            {{ sign }} as sign,
            1 as days,
            {{ rows }}.impressions,
        {% for measure in measures_with_gaps() %}
            coalesce({{ rows }}.{{ measure }}, 0) as known_{{ measure }},
            case when {{ rows }}.{{ measure }} is null then 0 else 1 end as {{ measure }}_days
            {{- ',' if not loop.last }}
        {% endfor %}
        from {{ rows }}
        inner join numbered_days
            on
                {{ rows }}.client_id = numbered_days.client_id
                and {{ rows }}.source = numbered_days.source
                and {{ rows }}.date = numbered_days.date
        where {{ condition }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

contributions as (
    select * from published_sums
    union all
    select * from changes
),

summed as (
    select
        creative_id,
        period_number,
        source,
        currency,
        sum(sign * days) as days,
        sum(sign * impressions) as impressions,
    {% for measure in measures_with_gaps() %}
        sum(sign * known_{{ measure }}) as known_{{ measure }},
        sum(sign * {{ measure }}_days) as {{ measure }}_days{{ ',' if not loop.last }}
    {% endfor %}
    from contributions
    -- The key that tells rows apart soonest comes first: it sorts three times faster than in reading order.
    group by creative_id, period_number, source, currency
    having sum(sign * days) > 0
),

final as (
    select
        changed_periods.client_id,
        summed.currency,
        changed_periods.period,
        changed_periods.period_start,
        changed_periods.period_end,
        summed.source,
        summed.creative_id,
        cast(summed.impressions as bigint) as impressions,
        cast(case when clicks_days > 0 then known_clicks end as bigint) as clicks,
        cast(case when conversions_days > 0 then known_conversions end as bigint) as conversions,
        cast(case when conversion_revenue_days > 0 then known_conversion_revenue end as numeric(24, 9))
            as conversion_revenue,
        cast(case when spend_days = summed.days then known_spend end as numeric(24, 7)) as spend,
        cast(case when reported_spend_days > 0 then known_reported_spend end as numeric(24, 9)) as reported_spend,
        cast(summed.days as integer) as days,
    {% for measure in measures_with_gaps() %}
        cast(known_{{ measure }} as {{ known_type(measure) }}) as known_{{ measure }},
        cast({{ measure }}_days as integer) as {{ measure }}_days{{ ',' if not loop.last }}
    {% endfor %}
    from summed
    inner join changed_periods on summed.period_number = changed_periods.period_number
)

select * from final
