-- The creatives as they will be, with their full path: those that appear, and the published ones that do not vanish.
-- Left joins on unique keys: the planner leaves out those whose columns nobody asks for. What changes is not named
-- twice, which would keep a copy of it without an index.

with appearing_creatives as (
    select * from {{ ref('int_creatives__changed') }}
    where is_current
),

unchanged_creatives as (
    select
        creatives.creative_id,
        creatives.client_id,
        creatives.source,
        creatives.campaign_id,
        campaigns.campaign_name,
        creatives.strategy_id,
        strategies.strategy_name,
        creatives.placement_id,
        placements.placement_name,
        creatives.creative_name
    from {{ live('dim_creatives') }} as creatives
    left join {{ live('dim_campaigns') }} as campaigns on creatives.campaign_id = campaigns.campaign_id
    left join {{ live('dim_strategies') }} as strategies on creatives.strategy_id = strategies.strategy_id
    left join {{ live('dim_placements') }} as placements on creatives.placement_id = placements.placement_id
    where not exists (
        select 1 from {{ ref('int_creatives__changed') }} as changed_creatives
        where changed_creatives.creative_id = creatives.creative_id
    )
),

final as (
    select
        creative_id,
        {{ creative_path() | join(',\n        ') }}
    from appearing_creatives
    union all
    select
        creative_id,
        {{ creative_path() | join(',\n        ') }}
    from unchanged_creatives
)

select * from final
