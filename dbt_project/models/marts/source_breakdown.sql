{{ config(materialized='published', keeps='month_start < first_hot_day') }}

with campaign_periods as (
    select * from {{ ref('int_campaign_periods__summed') }}
    where period = 'month'
),

changed_periods as (
    select * from {{ ref('int_client_periods__changed') }}
    where period = 'month'
),

clients as (
    select * from {{ ref('stg_control__clients') }}
),

rebuilt as (
    select
        client_id,
        period_start as month_start,
        source,
        currency,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from campaign_periods
    group by client_id, period_start, source, currency
),

summed as (
    select * from rebuilt
    union all
    select
        client_id,
        month_start,
        source,
        currency,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        spend,
        reported_spend
    from {{ live('source_breakdown') }} as live
    where not exists (
        select 1 from changed_periods
        where changed_periods.client_id = live.client_id and changed_periods.period_start = live.month_start
    )
),

client_months as (
    select
        client_id,
        month_start,
        currency,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_spend() }} as spend
    from summed
    group by client_id, month_start, currency
),

final as (
    select
        summed.client_id,
        clients.client_name,
        summed.month_start,
        summed.source,
        summed.currency,

        summed.impressions,
        summed.clicks,
        summed.conversions,
        summed.conversion_revenue,
        summed.spend,
        summed.reported_spend,
        {{ ctr('summed.clicks', 'summed.impressions') }} as ctr,
        {{ cpc('summed.spend', 'summed.clicks') }} as cpc,
        {{ cpa('summed.spend', 'summed.conversions') }} as cpa,
        {{ roas('summed.conversion_revenue', 'summed.spend') }} as roas,

        {{ share_pct('summed.impressions', 'client_months.impressions') }} as impressions_share_pct,
        {{ share_pct('summed.spend', 'client_months.spend') }} as spend_share_pct
    from summed
    inner join client_months
        on
            summed.client_id = client_months.client_id
            and summed.month_start = client_months.month_start
            and summed.currency = client_months.currency
    left join clients on summed.client_id = clients.client_id
)

select * from final
