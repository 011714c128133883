with creatives as (
    select * from {{ ref('int_creatives__spanned') }}
),

final as (
    select
        strategy_id,
        campaign_id,
        client_id,
        source,
        strategy_name,
        min(first_date) as first_date,
        max(last_date) as last_date
    from creatives
    group by
        strategy_id,
        campaign_id,
        client_id,
        source,
        strategy_name
)

select * from final
