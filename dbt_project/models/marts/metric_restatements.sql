{{
    config(
        materialized='published',
        scope='int_source_days__changed',
        replaces='live.client_id = scope.client_id and live.source = scope.source and live.date = scope.date',
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
        client_id,
        source,
        date,
        event_number,
        cause,
        is_otherwise_known or cause = 'first delivery' as is_always_told,
    {% for measure in restated_measures() %}
        {{ measure }}_difference + vanished_{{ measure }} as {{ measure }}_change{{ ',' if not loop.last }}
    {% endfor %}
    from compared
    union all
    select
        client_id,
        source,
        date,
        event_number,
        'vanished rows' as cause,
        false as is_always_told,
    {% for measure in restated_measures() %}
        -vanished_{{ measure }} as {{ measure }}_change{{ ',' if not loop.last }}
    {% endfor %}
    from compared
    where cause = 'newer delivery'
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
        events.client_id,
        events.client_name,
        events.source,
        events.date,
        dense_rank() over (
            partition by events.client_id, events.source, events.date
            order by events.event_number
        ) as step,
        events.changed_at,
        told.cause,
        events.delivery_id,
        events.previous_delivery_id,

        events.cpm,
        events.currency,
    {% for measure in restated_measures() %}
        cast(told.{{ measure }}_change as {{ total_type(measure) }}) as {{ measure }}_change,
        cast(events.{{ measure }} as {{ total_type(measure) }}) as {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from told
    inner join events
        on
            told.client_id = events.client_id
            and told.source = events.source
            and told.date = events.date
            and told.event_number = events.event_number
)

select * from final
