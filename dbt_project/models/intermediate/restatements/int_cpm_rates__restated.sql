-- Days between two effective dates always have the same price, whatever is entered: a client has few such spans, and
-- few entries, so every price that a day ever had is worked out once per span. Entries of one moment are one change: a
-- rate that goes round a closed month is several.

with entered as (
    select * from {{ ref('stg_control__client_cpm_rate_entries') }}
),

entries as (
    select
        entry_id,
        client_id,
        effective_date,
        cpm,
        lead(entry_id) over (partition by client_id, effective_date order by entry_id) as replaced_by,
        -- Clocks may go back a little; the numbers of the entries do not.
        max(entered_at) over (partition by client_id order by entry_id) as changed_at,
        entered_at
    from entered
),

effective_dates as (
    select distinct
        client_id,
        effective_date
    from entries
),

spans as (
    select
        client_id,
        effective_date as valid_from,
        lead(effective_date) over (partition by client_id order by effective_date) as valid_before
    from effective_dates
),

moments as (
    select
        client_id,
        max(entry_id) as entry_id,
        max(changed_at) as changed_at
    from entries
    group by client_id, entered_at
),

priced as (
    select
        spans.client_id,
        spans.valid_from,
        spans.valid_before,
        moments.entry_id,
        moments.changed_at,
        (
            select standing.cpm
            from entries as standing
            where
                standing.client_id = spans.client_id
                and standing.effective_date <= spans.valid_from
                and standing.entry_id <= moments.entry_id
                and (standing.replaced_by > moments.entry_id or standing.replaced_by is null)
                and standing.cpm is not null
            order by standing.effective_date desc
            limit 1
        ) as cpm
    from spans
    inner join moments on spans.client_id = moments.client_id
),

compared as (
    select
        *,
        lag(cpm) over (partition by client_id, valid_from order by entry_id) as previous_cpm
    from priced
),

final as (
    select
        client_id,
        valid_from,
        valid_before,
        entry_id,
        changed_at,
        lead(changed_at) over (partition by client_id, valid_from order by entry_id) as changed_before,
        cpm,
        previous_cpm
    from compared
    where cpm is distinct from previous_cpm
)

select * from final
