"""Surfside: daily media reports in an S3 bucket. Real files have no campaign: it comes from the client's rule."""

from loaders.files.columns import Columns
from loaders.source import Expectations, ObjectStore, Setting, Source

SOURCE = Source(
    name="surfside",
    title="Surfside",
    row_table="media_report",
    position=1,
    summary="Surfside files from an S3 bucket",
    delivers="file",
    origin="s3_report_files",
    origin_summary="Daily report files in the S3 bucket, one folder per client.",
    transport=ObjectStore(
        file_pattern=Setting("SURFSIDE_FILE_PATTERN"),
        date_format=Setting("SURFSIDE_DATE_FORMAT"),
    ),
    columns=Columns(
        aliases={
            "date": ("Date", "Event Date"),
            "campaign_name": ("Campaign", "Campaign Name"),
            "strategy_name": ("Strategy", "Strategy Name"),
            "placement_name": ("Placement", "Placement Name"),
            "creative_name": ("Creative", "Creative Name"),
            "impressions": ("Impressions",),
            "clicks": ("Clicks",),
            "conversions": ("Conversions",),
            "conversion_revenue": ("Conversion Revenue", "Conversion Value"),
            "reported_spend": ("Media Spend",),
        },
        required=("date", "impressions", "clicks", "conversions", "conversion_revenue"),
        export_hint="ask Surfside for the daily media report with its English headings",
    ),
    cron=Setting("SURFSIDE_CRON"),
    # The daily load of 05:00 UTC brings yesterday; until it has run, the day before it is the last one.
    late_after_days=2,
    fresh_hours=26,
    expectations=Expectations(
        unnamed="warning",
        unnamed_because="an empty name is shown as (not set); the platform allows it",
    ),
    set_up="paidmedia client set SLUG --surfside-prefix FOLDER",
)
