with rates as (
    select * from {{ ref('stg_control__client_cpm_rates') }}
),

final as (
    select
        client_id,
        effective_date as valid_from,
        lead(effective_date) over (partition by client_id order by effective_date) as valid_before,
        cpm,
        currency
    from rates
)

select * from final
