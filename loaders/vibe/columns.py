"""The columns of a Vibe report: what is asked of the API, and what the answer's headings mean."""

from loaders.columns import SourceColumns

DIMENSIONS = (
    "impression_date", "advertiser_id", "advertiser_name", "app_id", "campaign_id", "campaign_name", "channel_name",
    "creative_id", "creative_name", "geo_city", "geo_metro", "geo_region", "geo_zip", "impression_time", "os", "screen",
    "strategy_id", "strategy_name",
)  # fmt: skip
METRICS = (
    "amount_of_purchases", "completed_views", "cost_per_completed_view", "cost_per_custom_1", "cost_per_custom_2",
    "cost_per_custom_3", "cost_per_install", "cost_per_lead", "cost_per_page_view", "cost_per_purchase",
    "cost_per_session", "cost_per_signup", "cpm", "frequency", "households", "impressions", "installs",
    "number_of_custom_1", "number_of_custom_2", "number_of_custom_3", "number_of_leads", "number_of_page_views",
    "number_of_purchases", "number_of_sessions", "number_of_signups", "roas", "spend", "view_through_rate",
)  # fmt: skip

COLUMNS = SourceColumns(
    source="vibe",
    table="performance_report",
    aliases={
        "date": ("date", "impression_date"),
        "campaign_name": ("campaign_name",),
        "strategy_name": ("strategy_name",),
        "placement_name": ("placement_name", "channel_name"),
        "creative_name": ("creative_name",),
        "impressions": ("impressions",),
        "clicks": ("clicks",),
        "conversions": ("conversions", "number_of_purchases"),
        "conversion_revenue": ("revenue", "amount_of_purchases"),
        "reported_spend": ("spend",),
    },
    required=("date", "impressions"),
    expected_absent=("clicks",),  # TV has none
    export_hint="the report lacks what was asked for; check VIBE_CREATE_PATH and the account",
)
