{{
    config(
        materialized='published',
        scope='int_restated_days__changed',
        replaces='live.client_id = scope.client_id and live.source = scope.source and live.date = scope.date
            and live.date >= first_open_day',
        keeps='date < first_open_day',
        contract={'enforced': true}
    )
}}

with changed_days as (
    select * from {{ ref('int_restated_days__changed') }}
),

final as (
    select
        client_id,
        source,
        date,
        client_name,
        currency,
        history_id
    from changed_days
    where is_current
)

select * from final
