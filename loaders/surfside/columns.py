"""The columns of a Surfside media report. Real files have no campaign: it comes from the client's rule."""

from loaders.columns import SourceColumns

COLUMNS = SourceColumns(
    source="surfside",
    table="media_report",
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
)
