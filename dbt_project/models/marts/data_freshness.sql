{{ config(materialized='published') }}

with deliveries as (
    select * from {{ ref('stg_ledger__deliveries') }}
),

waiting_days as (
    select * from {{ ref('waiting_days') }}
),

won_days as (
    select * from {{ ref('int_delivery_days__won') }}
),

clients as (
    select * from {{ ref('stg_control__clients') }}
),

spans as (
    select
        client_id,
        source,
        min(date) as first_date,
        max(date) as last_date
    from won_days
    group by client_id, source
),

still_held as (
    select
        client_id,
        source,
        count(distinct delivery_id) as held_deliveries
    from waiting_days
    where verdict = 'held'
    group by client_id, source
),

counted as (
    select
        client_id,
        source,
        max(case when is_allowed then delivered_at end) as last_delivered_at,
        max(case when is_allowed then as_of end) as last_as_of,
        count(*) as deliveries,
        count(case when verdict = 'pending' then 1 end) as pending_deliveries,
        {{ summed_count('rows_read') }} as rows_read,
        {{ summed_count('rows_accepted') }} as rows_accepted,
        {{ summed_count('rows_rejected') }} as rows_rejected,
        {{ summed_count('rows_dropped') }} as rows_dropped
    from deliveries
    group by client_id, source
),

final as (
    select
        counted.client_id,
        clients.client_name,
        counted.source,
        spans.first_date,
        spans.last_date,
        counted.last_delivered_at,
        counted.last_as_of,
        counted.deliveries,
        coalesce(still_held.held_deliveries, 0) as held_deliveries,
        counted.pending_deliveries,
        counted.rows_read,
        counted.rows_accepted,
        counted.rows_rejected,
        counted.rows_dropped
    from counted
    left join spans on counted.client_id = spans.client_id and counted.source = spans.source
    left join still_held on counted.client_id = still_held.client_id and counted.source = still_held.source
    left join clients on counted.client_id = clients.client_id
)

select * from final
