{{ config(meta={'dagster': {'ref': {'name': 'daily_metrics'}}}) }}

-- Every measure of every changed day, from the loader's ledger to the campaigns, and of every week and month from there
-- to the summaries. A row names the hop where it breaks, the client, the source, the day (the first of a week or month)
-- and both totals.
--
-- ledger → staging → summed → daily_metrics → daily_campaign_metrics
--                                          └─ with the published days → source_breakdown · weekly and monthly summaries
-- rates ─────────────────────────────┘ spend, worked out a second way

{% set counted = reconciled_measures() %}
{% set priced = counted + ['spend'] %}

with changed_days_won as (
    select won_days.*
    from {{ ref('int_delivery_days__won') }} as won_days
    inner join {{ ref('int_source_days__changed') }} as changed_days
        on
            won_days.client_id = changed_days.client_id
            and won_days.source = changed_days.source
            and won_days.date = changed_days.date
),

ledger as (
    {{ reconciled_totals('changed_days_won', rows='sum(accepted_rows)') }}
),

staging as (
    {{ reconciled_totals(ref('int_metrics__united'), rows='count(*)') }}
),

summed as (
    {{ reconciled_totals(ref('int_metrics__summed')) }}
),

final_days as (
    select * from {{ final_days() }} as final_days
),

rates as (
    select
        ledger.client_id,
        ledger.source,
        ledger.day,
        ledger.impressions * case
            when final_days.delivery_id is not null then final_days.cpm
            else (
                select rates.cpm
                from {{ ref('stg_control__client_cpm_rates') }} as rates
                where rates.client_id = ledger.client_id and rates.effective_date <= ledger.day
                order by rates.effective_date desc
                limit 1
            )
        end / 1000 as spend
    from ledger
    left join final_days
        on
            ledger.client_id = final_days.client_id
            and ledger.source = final_days.source
            and ledger.day = final_days.date
),

daily as (
    {{ reconciled_totals(ref('daily_metrics'), spend=summed_spend()) }}
),

campaigns as (
    {{ reconciled_totals(ref('daily_campaign_metrics'), spend=summed_spend()) }}
),

source_months as (
    {{ reconciled_totals(ref('int_campaign_days__current'), day=period_start('month', 'date'), spend=summed_spend()) }}
),

source_breakdown as (
    {{ reconciled_totals(ref('source_breakdown'), day='month_start', spend=summed_spend()) }}
),

{% for period in ['week', 'month'] %}
    {{ period }}s as (
        {{
            reconciled_totals(
                ref('int_campaign_days__current'),
                day=period_start(period, 'date'),
                by_source=false,
                spend=summed_spend()
            )
        }}
    ),

    {{ period }}ly as (
        {{
            reconciled_totals(
                ref(period ~ 'ly_summaries'), day=period ~ '_start', by_source=false, spend=summed_spend()
            )
        }}
    ),
{% endfor %}

final as (
    {{ lost_between('ledger to staging', 'ledger', 'staging', ['accepted_rows'] + counted) }}
    union all
    {{ lost_between('staging to int_metrics__summed', 'staging', 'summed', counted) }}
    union all
    {{ lost_between('int_metrics__summed to daily_metrics', 'summed', 'daily', counted) }}
    union all
    {{ lost_between('rates to daily_metrics', 'rates', 'daily', ['spend']) }}
    union all
    {{ lost_between('daily_metrics to daily_campaign_metrics', 'daily', 'campaigns', priced) }}
    union all
    {{ lost_between('campaigns to source_breakdown', 'source_months', 'source_breakdown', priced) }}
    union all
    {{ lost_between('campaigns to weekly_summaries', 'weeks', 'weekly', priced) }}
    union all
    {{ lost_between('campaigns to monthly_summaries', 'months', 'monthly', priced) }}
)

select * from final
