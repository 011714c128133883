{{
    config(
        materialized='published',
        scope='int_source_days__changed',
        replaces='live.client_id = scope.client_id and live.source = scope.source and live.date = scope.date',
        indexes=[{'columns': ['client_id', 'date']}],
        contract={'enforced': true}
    )
}}

-- What the rows of the old delivery say whose creative the new one lacks. Only transitions that are not published yet
-- are worked out, from the raw rows of both deliveries; where these are dropped, what was kept of them counts. NULL is
-- what nobody can tell any more: then the whole change is put down to the newer delivery.

{% set names = ['campaign_name', 'strategy_name', 'placement_name', 'creative_name'] %}

with changed_days as (
    select * from {{ ref('int_source_days__changed') }}
    where is_current
),

transitions as (
    select ordered.*
    from {{ ref('int_delivery_transitions__ordered') }} as ordered
    inner join changed_days
        on
            ordered.client_id = changed_days.client_id
            and ordered.source = changed_days.source
            and ordered.date = changed_days.date
    where ordered.previous_delivery_id is not null
),

published as (
    {{ live_days('int_delivery_transitions__split', 'changed_days') }}
),

known as (
    select published.*
    from published
    inner join transitions using (client_id, source, date, previous_delivery_id, delivery_id)
),

unknown as (
    select
        *,
        row_number() over (order by client_id, source, date, transition_number) as number
    from transitions
    where not exists (
        select 1 from known
        where
            known.client_id = transitions.client_id
            and known.source = transitions.source
            and known.date = transitions.date
            and known.delivery_id = transitions.delivery_id
    )
),

delivery_days as (
    select
        source,
        delivery_id,
        date
    from unknown
    union distinct
    select
        source,
        previous_delivery_id,
        date
    from unknown
),

delivered as (
    {{ rows_of_deliveries(ref('stg_surfside__media_report'), 'delivery_days', 'surfside') }}
    union all
    {{ rows_of_deliveries(ref('stg_vibe__performance_report'), 'delivery_days', 'vibe') }}
    union all
    {{ rows_of_deliveries(ref('stg_facebook__ads_export'), 'delivery_days', 'facebook') }}
),

counted as (
    select
        delivery_id,
        date,
        count(*) as delivered_rows
    from delivered
    group by delivery_id, date
),

old_rows as (
    select
        unknown.number,
        delivered.*
    from delivered
    inner join unknown
        on delivered.delivery_id = unknown.previous_delivery_id and delivered.date = unknown.date
),

new_names as (
    select
        unknown.number,
        delivered.{{ names | join(',\n        delivered.') }}
    from delivered
    inner join unknown
        on delivered.delivery_id = unknown.delivery_id and delivered.date = unknown.date
),

vanished as (
    select
        number,
    {% for measure in reconciled_measures() %}
        sum({{ measure }}) as vanished_{{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
    from old_rows
    where
        not exists (
            select 1 from new_names
            where
                new_names.number = old_rows.number
                {% for name in names %}
                    and new_names.{{ name }} = old_rows.{{ name }}
                {% endfor %}
        )
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
