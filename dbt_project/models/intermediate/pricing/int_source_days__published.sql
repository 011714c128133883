{{
    config(
        materialized='published',
        scope='int_source_days__changed',
        replaces='live.client_id = scope.client_id and live.source = scope.source and live.date = scope.date',
        keeps='date < first_hot_day',
        contract={'enforced': true}
    )
}}

with changed_days as (
    select * from {{ ref('int_source_days__changed') }}
),

final as (
    select
        client_id,
        source,
        date,
        client_name,
        delivery_id,
        cpm,
        currency
    from changed_days
    where is_current
)

select * from final
