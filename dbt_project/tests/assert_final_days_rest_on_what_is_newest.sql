{{
    config(
        tags=['informing'],
        severity='warn',
        meta={'dagster': {'ref': {'name': 'int_source_days__rated'}}}
    )
}}

-- Names the client, source and days of which something newer was delivered, or for which another rate was entered,
-- after their month was archived: it is kept and changes no number. It warns, because nothing has to be mended.
-- It reads `dim_clients` for the name, as `assert_every_delivered_day_has_a_cpm` does and for its reason.

with newest as (
    select * from {{ ref('int_delivery_transitions__ordered') }}
    where changed_before is null and date < {{ first_open_day() }}
),

rates as (
    select * from {{ ref('int_cpm_rates__bounded') }}
),

clients as (
    select * from {{ ref('dim_clients') }}
),

final_days as (
    select * from {{ final_days() }} as final_days
),

compared as (
    select
        newest.client_id,
        newest.source,
        newest.date,
        case
            when final_days.delivery_id is null then 'first delivery'
            when newest.delivery_id <> final_days.delivery_id then 'newer delivery'
            when coalesce(rates.cpm, 0) <> coalesce(final_days.cpm, 0) then 'other rate'
        end as difference
    from newest
    left join final_days
        on
            newest.client_id = final_days.client_id
            and newest.source = final_days.source
            and newest.date = final_days.date
    left join rates
        on
            newest.client_id = rates.client_id
            and newest.date >= rates.valid_from
            and (newest.date < rates.valid_before or rates.valid_before is null)
),

final as (
    select
        compared.client_id,
        clients.client_name,
        compared.source,
        compared.difference,
        min(compared.date) as first_date,
        max(compared.date) as last_date,
        count(*) as days
    from compared
    left join clients on compared.client_id = clients.client_id
    where compared.difference is not null
    group by compared.client_id, clients.client_name, compared.source, compared.difference
)

select * from final
order by client_id, source, difference
