{{
    config(
        materialized='published',
        scope='int_restated_days__changed',
        replaces='live.client_id = scope.client_id and live.source = scope.source and live.date = scope.date
            and live.date >= first_open_day',
        keeps='date < first_open_day',
        indexes=[{'columns': ['client_id', 'date']}],
        contract={'enforced': true}
    )
}}

-- What the rows of the old delivery say whose creative the new one lacks. Only transitions that are not published yet
-- are worked out, from the raw rows of both deliveries; where these are dropped, what was kept of them counts. NULL is
-- what nobody can tell any more: then the whole change is put down to the newer delivery.

with transitions as (
    select * from {{ ref('int_delivery_transitions__changed') }}
),

unknown as (
    select
        *,
        row_number() over (order by client_id, source, date, transition_number) as number
    from transitions
    where previous_delivery_id is not null and not is_published
),

known as (
    select live.*
    from {{ live('int_delivery_transitions__split') }} as live
    inner join transitions
        on
            live.client_id = transitions.client_id
            and live.source = transitions.source
            and live.date = transitions.date
            and live.previous_delivery_id = transitions.previous_delivery_id
            and live.delivery_id = transitions.delivery_id
),

delivery_days as (
    select
        client_id,
        source,
        delivery_id,
        date
    from unknown
    union distinct
    select
        client_id,
        source,
        previous_delivery_id,
        date
    from unknown
),

delivered as (
    {% for each in known_sources() %}
        {{ rows_of_delivery_days(ref(staged_rows(each)), 'delivery_days', each.source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        delivery_id,
        date,
        count(*) as delivered_rows
    from delivered
    group by delivery_id, date
),

both_sides as (
    select
        unknown.number,
        false as is_new,
        delivered.*
    from delivered
    inner join unknown
        on delivered.delivery_id = unknown.previous_delivery_id and delivered.date = unknown.date
    union all
    select
        unknown.number,
        true as is_new,
        delivered.*
    from delivered
    inner join unknown
        on delivered.delivery_id = unknown.delivery_id and delivered.date = unknown.date
),

-- Grouping both sides together costs one sort, whatever the planner thinks of their sizes.
gone as (
    select
        number,
    {% for measure in reconciled_measures() %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from both_sides
    group by creative_name, placement_name, strategy_name, campaign_name, number
    having sum(case when is_new then 1 else 0 end) = 0
),

vanished as (
    select
        number,
    {% for measure in reconciled_measures() %}
        sum({{ measure }}) as vanished_{{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from gone
    group by number
),

kept as (
    select * from {{ ref('stg_control__kept_transitions') }}
),

compared as (
    select
        unknown.*,
    {% for measure in reconciled_measures() %}
        case
            when
                unknown.accepted_rows = coalesce(new_rows.delivered_rows, 0)
                and unknown.previous_accepted_rows = coalesce(previous_rows.delivered_rows, 0)
                then coalesce(vanished.vanished_{{ measure }}, 0)
            else kept.vanished_{{ measure }}
        end as vanished_{{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from unknown
    left join vanished on unknown.number = vanished.number
    left join counted as new_rows
        on unknown.delivery_id = new_rows.delivery_id and unknown.date = new_rows.date
    left join counted as previous_rows
        on unknown.previous_delivery_id = previous_rows.delivery_id and unknown.date = previous_rows.date
    left join kept
        on
            unknown.delivery_id = kept.delivery_id
            and unknown.previous_delivery_id = kept.previous_delivery_id
            and unknown.date = kept.date
),

final as (
    select
        client_id,
        source,
        date,
        previous_delivery_id,
        delivery_id,
    {% for measure in reconciled_measures() %}
        cast(vanished_{{ measure }} as {{ total_type(measure) }}) as vanished_{{ measure }}
        {{- ',' if not loop.last }}
    {% endfor %}
    from compared
    union all
    select
        client_id,
        source,
        date,
        previous_delivery_id,
        delivery_id,
    {% for measure in reconciled_measures() %}
        vanished_{{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from known
)

select * from final
