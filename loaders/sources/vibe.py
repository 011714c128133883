"""Vibe: connected television, by asynchronous reports of its API."""

from loaders.files.columns import Columns
from loaders.source import Expectations, ReportApi, Setting, Source

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

SOURCE = Source(
    name="vibe",
    title="Vibe",
    row_table="performance_report",
    position=2,
    summary="Vibe (connected TV) reports from its asynchronous reporting API",
    delivers="report",
    origin="reporting_api",
    origin_summary="Vibe's asynchronous reporting API.",
    transport=ReportApi(
        base_url=Setting("VIBE_API_BASE_URL"),
        create_path=Setting("VIBE_CREATE_PATH"),
        status_path=Setting("VIBE_STATUS_PATH"),
        auth_header=Setting("VIBE_AUTH_HEADER"),
        advertiser_id=Setting("VIBE_ADVERTISER_ID"),
        api_key=Setting("VIBE_API_KEY"),
        poll_seconds=Setting("VIBE_POLL_SECONDS"),
        poll_attempts=Setting("VIBE_POLL_ATTEMPTS"),
        creates_per_hour=Setting("VIBE_CREATES_PER_HOUR"),
        metrics=METRICS,
        dimensions=DIMENSIONS,
    ),
    columns=Columns(
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
    ),
    cron=Setting("VIBE_CRON"),
    # The daily load of 06:00 UTC brings yesterday; until it has run, the day before it is the last one.
    late_after_days=2,
    fresh_hours=26,
    expectations=Expectations(
        unnamed="warning",
        unnamed_because="an empty name is shown as (not set); the platform sends it for what was deleted since",
    ),
    set_up="paidmedia vibe-credentials set SLUG --advertiser-id A --api-key K",
)
