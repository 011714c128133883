{{ config(meta={'dagster': {'ref': {'name': 'stg_ledger__deliveries'}}}) }}

-- Rows in raw, and rows of the declared days, against the rows that the loader accepted. A delivery that came twice has
-- too many; a row of a day that its delivery does not declare would never be read. Deliveries that give a changed day.

with changed_days as (
    select * from {{ ref('int_source_days__changed') }}
),

deliveries as (
    select * from {{ ref('stg_ledger__deliveries') }}
    where is_allowed and delivery_id in (select changed_days.delivery_id from changed_days)
),

delivery_days as (
    select * from {{ ref('stg_ledger__delivery_days') }}
),

delivered as (
    {% for each in known_sources() %}
        {{ rows_of_deliveries(ref(staged_rows(each)), 'changed_days', each.source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        delivery_id,
        count(*) as delivered_rows
    from delivered
    group by delivery_id
),

declared as (
    select
        delivery_id,
        sum(accepted_rows) as declared_rows
    from delivery_days
    group by delivery_id
),

final as (
    select
        deliveries.delivery_id,
        deliveries.client_id,
        deliveries.source,
        deliveries.rows_accepted,
        coalesce(counted.delivered_rows, 0) as delivered_rows,
        coalesce(declared.declared_rows, 0) as declared_rows
    from deliveries
    left join counted on deliveries.delivery_id = counted.delivery_id
    left join declared on deliveries.delivery_id = declared.delivery_id
    where
        deliveries.rows_accepted <> coalesce(counted.delivered_rows, 0)
        or deliveries.rows_accepted <> coalesce(declared.declared_rows, 0)
)

select * from final
