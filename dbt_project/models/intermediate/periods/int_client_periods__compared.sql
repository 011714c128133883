with campaign_periods as (
    select * from {{ ref('int_campaign_periods__summed') }}
),

published as (
    select * from {{ ref('int_client_periods__published') }}
),

completed as (
    select * from {{ ref('int_client_periods__completed') }}
),

adjusted as (
    select * from {{ ref('int_client_periods__adjusted') }}
),

changed as (
    select
        client_id,
        currency,
        period,
        period_start,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from campaign_periods
    where period in ('week', 'month')
    group by client_id, currency, period, period_start
),

delivered as (
    select * from changed
    union all
    select
        client_id,
        currency,
        period,
        period_start,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        spend,
        reported_spend
    from published
),

-- Without a delivered row nothing was shown and nothing is spent; what a platform would have reported is unknown.
summed as (
    select * from delivered
    union all
    select
        adjusted.client_id,
        adjusted.currency,
        adjusted.period,
        adjusted.period_start,
        cast(0 as bigint) as impressions,
        cast(null as bigint) as clicks,
        cast(null as bigint) as conversions,
        cast(null as numeric(24, 9)) as conversion_revenue,
        cast(0 as numeric(24, 7)) as spend,
        cast(null as numeric(24, 9)) as reported_spend
    from adjusted
    where not exists (
        select 1 from delivered
        where
            delivered.client_id = adjusted.client_id
            and delivered.currency = adjusted.currency
            and delivered.period = adjusted.period
            and delivered.period_start = adjusted.period_start
    )
),

final as (
    select
        summed.client_id,
        summed.currency,
        summed.period,
        summed.period_start,
        completed.period_end,
        completed.is_complete,

        summed.impressions,
        summed.clicks,
        summed.conversions,
        summed.conversion_revenue,
        summed.spend,
        coalesce(adjusted.spend_adjustments, cast(0 as numeric(24, 7))) as spend_adjustments,
        summed.reported_spend,

        {{ ctr('summed.clicks', 'summed.impressions') }} as ctr,
        {{ cpc('summed.spend', 'summed.clicks') }} as cpc,
        {{ cpa('summed.spend', 'summed.conversions') }} as cpa,
        {{ roas('summed.conversion_revenue', 'summed.spend') }} as roas,

        {{ delta_pct('summed.impressions', 'previous.impressions') }} as impressions_delta_pct,
        {{ delta_pct('summed.clicks', 'previous.clicks') }} as clicks_delta_pct,
        {{ delta_pct('summed.conversions', 'previous.conversions') }} as conversions_delta_pct,
        {{ delta_pct('summed.conversion_revenue', 'previous.conversion_revenue') }} as conversion_revenue_delta_pct,
        {{ delta_pct('summed.spend', 'previous.spend') }} as spend_delta_pct,
        {{ delta_pct('summed.reported_spend', 'previous.reported_spend') }} as reported_spend_delta_pct
    from summed
    inner join completed
        on
            summed.client_id = completed.client_id
            and summed.period = completed.period
            and summed.period_start = completed.period_start
    left join adjusted
        on
            summed.client_id = adjusted.client_id
            and summed.currency = adjusted.currency
            and summed.period = adjusted.period
            and summed.period_start = adjusted.period_start
    left join summed as previous
        on
            summed.client_id = previous.client_id
            and summed.currency = previous.currency
            and summed.period = previous.period
            and previous.period_start = {{ previous_period_start('summed.period', 'summed.period_start') }}
)

select * from final
