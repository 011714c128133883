-- The published weeks and months of delivered rows whose content does not change. Completeness and changes against the
-- period before are worked out anew for them: both can change with another period's days.

with changed_periods as (
    select * from {{ ref('int_client_periods__changed') }}
),

published as (
    {% for period in ['week', 'month'] %}
        select
            client_id,
            currency,
            '{{ period }}' as period,
            {{ period }}_start as period_start,
            impressions,
            clicks,
            conversions,
            conversion_revenue,
            spend,
            reported_spend,
            top_campaigns,
            top_creatives,
            underperformers
        from {{ live(period ~ 'ly_summaries') }} as live
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select published.*
    from published
    where
        -- one without a campaign was published for its adjustments alone
        {{ has_objects('published.top_campaigns') }}
        and not exists (
            select 1 from changed_periods
            where
                changed_periods.client_id = published.client_id
                and changed_periods.period = published.period
                and changed_periods.period_start = published.period_start
        )
)

select * from final
