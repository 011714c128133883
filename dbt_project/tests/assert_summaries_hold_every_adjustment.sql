{{ config(meta={'dagster': {'ref': {'name': 'spend_adjustments'}}}) }}

-- Every adjustment is in the week and in the month of its date, once: names the client, the period and both sums.

with booked as (
    {% for period in ['week', 'month'] %}
        select
            client_id,
            currency,
            '{{ period }}' as period,
            {{ period_start(period, 'date') }} as period_start,
            sum(amount) as amount
        from {{ ref('spend_adjustments') }}
        group by client_id, currency, {{ period_start(period, 'date') }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

summarised as (
    {% for period in ['week', 'month'] %}
        select
            client_id,
            currency,
            '{{ period }}' as period,
            {{ period }}_start as period_start,
            spend_adjustments as amount
        from {{ ref(period ~ 'ly_summaries') }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        client_id,
        currency,
        period,
        period_start,
        coalesce(booked.amount, 0) as booked_amount,
        coalesce(summarised.amount, 0) as summarised_amount
    from booked
    full outer join summarised using (client_id, currency, period, period_start)
    where coalesce(booked.amount, 0) <> coalesce(summarised.amount, 0)
)

select * from final
