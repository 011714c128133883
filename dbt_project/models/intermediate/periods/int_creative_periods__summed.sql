{{
    config(
        materialized='published',
        scope='int_source_periods__changed',
        replaces='scope.is_kept and scope.is_changed',
        exchange_by='slot',
        indexes=[{'columns': ['client_id', 'period', 'period_start']}],
        contract={'enforced': true}
    )
}}

-- new sums = kept sums − the published rows of changed and leaving days + the rows of changed and entering days.
-- Exact, because the sums are. The counts say when a measure is unknown: no day has it; for spend, some day lacks it.
-- A period without kept sums is the sum of all its days. A row that is not kept after this build has an empty slot.
-- Slots are exchanged whole: what does not change of one is carried over.

with changed_periods as (
    select * from {{ ref('int_source_periods__changed') }}
    where is_changed and period_start is not null
),

period_days as (
    select * from {{ ref('int_period_days__changed') }}
),

priced as (
    select * from {{ ref('int_metrics__priced') }}
),

published_rows as (
    {{ live_days('daily_metrics', 'period_days', 'was_in or not is_changed') }}
),

numbered_days as (
    select
        period_days.*,
        changed_periods.period_number
    from period_days
    inner join changed_periods using (client_id, source, period, period_start)
),

kept_sums as (
    {{
        live_slots(
            'int_creative_periods__summed',
            'changed_periods',
            'live.client_id = slots.client_id and live.source = slots.source and live.period = slots.period'
            ' and live.period_start = slots.published_period_start'
        )
    }}
),

replaced_periods as (
    select * from {{ ref('int_source_periods__changed') }}
    where is_kept and is_changed
),

replaced_slots as (
    select distinct slot from replaced_periods
),

slots_before as (
    {{ live_slots('int_creative_periods__summed', 'replaced_slots') }}
),

changes as (
    {% for rows, condition, sign in [
        ('priced', 'numbered_days.is_changed and numbered_days.is_in', '1'),
        (
            'published_rows',
            'numbered_days.was_in or not numbered_days.is_changed',
            'case when numbered_days.was_in then -1 else 1 end',
        ),
    ] %}
        select
            {{ rows }}.creative_id,
            numbered_days.period_number,
            {{ rows }}.currency,
            {{ sign }} as sign,
            1 as days,
            {{ rows }}.impressions,
        {% for measure in measures_with_gaps() %}
            coalesce({{ rows }}.{{ measure }}, 0) as known_{{ measure }},
            case when {{ rows }}.{{ measure }} is null then 0 else 1 end as {{ measure }}_days
            {{- ',' if not loop.last }}
        {% endfor %}
        from {{ rows }}
        inner join numbered_days
            on
                {{ rows }}.client_id = numbered_days.client_id
                and {{ rows }}.source = numbered_days.source
                and {{ rows }}.date = numbered_days.date
        where {{ condition }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

contributions as (
    select
        kept_sums.creative_id,
        changed_periods.period_number,
        kept_sums.currency,
        1 as sign,
        kept_sums.days,
        kept_sums.impressions,
    {% for measure in measures_with_gaps() %}
        kept_sums.known_{{ measure }},
        kept_sums.{{ measure }}_days{{ ',' if not loop.last }}
    {% endfor %}
    from kept_sums
    inner join changed_periods
        on
            kept_sums.client_id = changed_periods.client_id
            and kept_sums.source = changed_periods.source
            and kept_sums.period = changed_periods.period
            and kept_sums.period_start = changed_periods.published_period_start
    union all
    select * from changes
),

summed as (
    select
        creative_id,
        period_number,
        currency,
        sum(sign * days) as days,
        sum(sign * impressions) as impressions,
    {% for measure in measures_with_gaps() %}
        sum(sign * known_{{ measure }}) as known_{{ measure }},
        sum(sign * {{ measure }}_days) as {{ measure }}_days{{ ',' if not loop.last }}
    {% endfor %}
    from contributions
    -- The key that tells rows apart soonest comes first: it sorts three times faster than in reading order.
    group by creative_id, period_number, currency
    having sum(sign * days) > 0
),

rebuilt as (
    select
        case when changed_periods.is_kept then changed_periods.slot else '' end as slot,
        changed_periods.client_id,
        changed_periods.period,
        changed_periods.period_start,
        summed.currency,
        changed_periods.source,
        summed.creative_id,
        cast(summed.impressions as bigint) as impressions,
        cast(summed.days as integer) as days,
    {% for measure in measures_with_gaps() %}
        cast(known_{{ measure }} as {{ known_type(measure) }}) as known_{{ measure }},
        cast({{ measure }}_days as integer) as {{ measure }}_days{{ ',' if not loop.last }}
    {% endfor %}
    from summed
    inner join changed_periods on summed.period_number = changed_periods.period_number
),

final as (
    select * from rebuilt
    union all
    select slots_before.*
    from slots_before
    where not exists (
        select 1 from replaced_periods
        where
            replaced_periods.client_id = slots_before.client_id
            and replaced_periods.source = slots_before.source
            and replaced_periods.period = slots_before.period
    )
)

select * from final
