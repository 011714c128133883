{{ config(tags=['informing'], meta={'dagster': {'ref': {'name': 'int_delivery_transitions__split'}}}) }}

-- Names the changes of delivery whose raw rows are dropped and of which nothing was kept. Their totals are right all
-- the same; which part of them is vanished rows cannot be told any more.
-- It reads `dim_clients` so that no model rests on both parents: dbt skips what comes after a failed test.

with transitions as (
    select * from {{ ref('int_delivery_transitions__split') }}
),

clients as (
    select * from {{ ref('dim_clients') }}
),

final as (
    select
        transitions.client_id,
        clients.client_name,
        transitions.source,
        transitions.date,
        transitions.previous_delivery_id,
        transitions.delivery_id
    from transitions
    left join clients on transitions.client_id = clients.client_id
    where transitions.vanished_impressions is null
)

select * from final
