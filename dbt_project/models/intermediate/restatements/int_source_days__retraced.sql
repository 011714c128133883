with transitions as (
    select * from {{ ref('int_delivery_transitions__ordered') }}
),

rates as (
    select * from {{ ref('int_cpm_rates__restated') }}
),

deliveries as (
    select
        client_id,
        source,
        date,
        {{
            ordered_list("delivery_id || '@' || " ~ moment_text('changed_at'), ['transition_number'])
        }} as delivery_history
    from transitions
    group by client_id, source, date
),

prices as (
    select
        client_id,
        valid_from,
        valid_before,
        {{
            ordered_list("coalesce(cast(cpm as text), '-') || '@' || " ~ moment_text('changed_at'), ['entry_id'])
        }} as price_history
    from rates
    group by client_id, valid_from, valid_before
),

final as (
    select
        deliveries.client_id,
        deliveries.source,
        deliveries.date,
        {{ surrogate_key(['deliveries.delivery_history', "coalesce(prices.price_history, '')"]) }} as history_id
    from deliveries
    left join prices
        on
            deliveries.client_id = prices.client_id
            and deliveries.date >= prices.valid_from
            and (deliveries.date < prices.valid_before or prices.valid_before is null)
)

select * from final
