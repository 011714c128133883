with creatives as (
    select * from {{ ref('int_creatives__spanned') }}
),

final as (
    select
        placement_id,
        strategy_id,
        campaign_id,
        client_id,
        source,
        placement_name,
        min(first_date) as first_date,
        max(last_date) as last_date
    from creatives
    group by
        placement_id,
        strategy_id,
        campaign_id,
        client_id,
        source,
        placement_name
)

select * from final
