with creatives as (
    select * from {{ ref('int_creatives__spanned') }}
),

final as (
    select
        creative_id,
        placement_id,
        strategy_id,
        campaign_id,
        client_id,
        source,
        creative_name,
        first_date,
        last_date
    from creatives
)

select * from final
