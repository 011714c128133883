with adjustments as (
    select * from {{ ref('stg_control__spend_adjustments') }}
),

dated as (
    {% for period in ['week', 'month'] %}
        select
            client_id,
            currency,
            '{{ period }}' as period,
            {{ period_start(period, 'date') }} as period_start,
            {{ period_end(period, 'date') }} as period_end,
            amount
        from adjustments
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        client_id,
        currency,
        period,
        period_start,
        period_end,
        {{ summed_spend('amount') }} as spend_adjustments
    from dated
    group by client_id, currency, period, period_start, period_end
)

select * from final
