with creatives as (
    select * from {{ ref('int_creatives__spanned') }}
),

final as (
    select
        campaign_id,
        client_id,
        source,
        campaign_name,
        min(first_date) as first_date,
        max(last_date) as last_date
    from creatives
    group by
        campaign_id,
        client_id,
        source,
        campaign_name
)

select * from final
