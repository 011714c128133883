{{
    config(
        materialized='published',
        scope='int_restated_days__changed',
        replaces='live.client_id = scope.client_id and live.source = scope.source and live.date = scope.date
            and live.date >= first_open_day',
        keeps='date < first_open_day',
        indexes=[{'columns': ['client_id', 'date']}]
    )
}}

-- A newer delivery is told in two causes: what it says of the creatives that it has, and those that it lacks. Together
-- they are the difference of the two totals, so the causes of a day add up to what it says now.

with events as (
    select * from {{ ref('int_restatements__stepped') }}
),

transitions as (
    select * from {{ ref('int_delivery_transitions__split') }}
),

compared as (
    select
        events.*,
        {% for measure in restated_measures() %}
            {{ change_of('events.' ~ measure, 'events.previous_' ~ measure) }} as {{ measure }}_difference,
        {% endfor %}
        {% for measure in reconciled_measures() %}
            coalesce(transitions.vanished_{{ measure }}, 0) as vanished_{{ measure }},
        {% endfor %}
        coalesce({{ spend('transitions.vanished_impressions', 'events.cpm') }}, 0) as vanished_spend,
        (
            {% for measure in restated_measures() %}
                (events.{{ measure }} is null) <> (events.previous_{{ measure }} is null){{ ' or' if not loop.last }}
            {% endfor %}
        ) as is_otherwise_known
    from events
    left join transitions
        on
            events.client_id = transitions.client_id
            and events.source = transitions.source
            and events.date = transitions.date
            and events.previous_delivery_id = transitions.previous_delivery_id
            and events.delivery_id = transitions.delivery_id
),

causes as (
    select
        compared.*,
        compared.cause as told_cause,
        compared.is_otherwise_known or compared.cause = 'first delivery' as is_always_told,
    {% for measure in restated_measures() %}
        compared.{{ measure }}_difference + compared.vanished_{{ measure }} as {{ measure }}_change
        {{- ',' if not loop.last }}
    {% endfor %}
    from compared
    union all
    select
        compared.*,
        'vanished rows' as told_cause,
        false as is_always_told,
    {% for measure in restated_measures() %}
        -compared.vanished_{{ measure }} as {{ measure }}_change{{ ',' if not loop.last }}
    {% endfor %}
    from compared
    where compared.cause = 'newer delivery'
),

told as (
    select * from causes
    where
        is_always_told
        {% for measure in restated_measures() %}
            or {{ measure }}_change <> 0
        {% endfor %}
),

final as (
    select
        client_id,
        client_name,
        source,
        date,
        dense_rank() over (partition by client_id, source, date order by event_number) as step,
        changed_at,
        told_cause as cause,
        delivery_id,
        previous_delivery_id,

        cpm,
        currency,
    {% for measure in restated_measures() %}
        cast({{ measure }}_change as {{ total_type(measure) }}) as {{ measure }}_change,
        cast({{ measure }} as {{ total_type(measure) }}) as {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from told
)

select * from final
