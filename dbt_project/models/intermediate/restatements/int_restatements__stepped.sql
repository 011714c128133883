{{ config(materialized='table') }}

-- Deliveries and prices on one line of time. Where both change at the same moment, the price comes first.

with transitions as (
    select * from {{ ref('int_delivery_transitions__changed') }}
),

rates as (
    select * from {{ ref('int_cpm_rates__restated') }}
),

deliveries as (
    select
        transitions.client_id,
        transitions.client_name,
        transitions.source,
        transitions.date,
        transitions.changed_at,
        2 as turn,
        transitions.transition_number as number,
        case when transitions.previous_delivery_id is null then 'first delivery' else 'newer delivery' end as cause,
        transitions.delivery_id,
        transitions.previous_delivery_id,
        rates.cpm,
        rates.cpm as previous_cpm,
        transitions.currency,
    {% for measure in reconciled_measures() %}
        transitions.{{ measure }},
        transitions.previous_{{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from transitions
    left join rates
        on
            transitions.client_id = rates.client_id
            and transitions.date >= rates.valid_from
            and (transitions.date < rates.valid_before or rates.valid_before is null)
            and transitions.changed_at >= rates.changed_at
            and (transitions.changed_at < rates.changed_before or rates.changed_before is null)
),

prices as (
    select
        transitions.client_id,
        transitions.client_name,
        transitions.source,
        transitions.date,
        rates.changed_at,
        1 as turn,
        rates.entry_id as number,
        'cpm edit' as cause,
        transitions.delivery_id,
        null as previous_delivery_id,
        rates.cpm,
        rates.previous_cpm,
        transitions.currency,
    {% for measure in reconciled_measures() %}
        transitions.{{ measure }},
        transitions.{{ measure }} as previous_{{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from transitions
    inner join rates
        on
            transitions.client_id = rates.client_id
            and transitions.date >= rates.valid_from
            and (transitions.date < rates.valid_before or rates.valid_before is null)
            and transitions.changed_at < rates.changed_at
            and (transitions.changed_before >= rates.changed_at or transitions.changed_before is null)
),

united as (
    select * from deliveries
    union all
    select * from prices
),

final as (
    select
        client_id,
        client_name,
        source,
        date,
        row_number() over (partition by client_id, source, date order by changed_at, turn, number) as event_number,
        changed_at,
        cause,
        delivery_id,
        previous_delivery_id,
        cpm,
        currency,
        {% for measure in reconciled_measures() %}
            {{ measure }},
            previous_{{ measure }},
        {% endfor %}
        {{ spend('impressions', 'cpm') }} as spend,
        {{ spend('previous_impressions', 'previous_cpm') }} as previous_spend
    from united
)

select * from final
