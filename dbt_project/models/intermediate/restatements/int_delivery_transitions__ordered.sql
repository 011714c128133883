-- A delivery wins a day from the moment at which it may be read, if it is newer than all that might be read before it.
-- It is made from the ledger alone, so the whole history costs little, and whether a build ran in between is no matter.

with delivery_days as (
    select * from {{ ref('stg_ledger__delivery_days') }}
    where is_allowed
),

ranked as (
    select
        *,
        row_number() over (partition by client_id, source, date order by precedence) as place
    from delivery_days
),

led as (
    select
        *,
        max(place) over (
            partition by client_id, source, date
            order by allowed_at, place
            rows between unbounded preceding and 1 preceding
        ) as best_place_before
    from ranked
),

final as (
    select
        client_id,
        source,
        date,
        row_number() over (partition by client_id, source, date order by place) as transition_number,
        delivery_id,
        lag(delivery_id) over (partition by client_id, source, date order by place) as previous_delivery_id,
        allowed_at as changed_at,
        lead(allowed_at) over (partition by client_id, source, date order by place) as changed_before,
        accepted_rows,
        lag(accepted_rows) over (partition by client_id, source, date order by place) as previous_accepted_rows,
    {% for measure in reconciled_measures() %}
        {{ measure }},
        lag({{ measure }}) over (partition by client_id, source, date order by place) as previous_{{ measure }}
        {{- ',' if not loop.last }}
    {% endfor %}
    from led
    where place > coalesce(best_place_before, 0)
)

select * from final
