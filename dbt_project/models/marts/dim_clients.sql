{{ config(materialized='published') }}

with clients as (
    select * from {{ ref('stg_control__clients') }}
),

final as (
    select
        client_id,
        client_name,
        currency,
        is_active
    from clients
)

select * from final
