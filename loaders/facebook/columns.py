"""The columns of a Facebook export. Clicks are link clicks, never `Clicks (all)`; an ad is placement and creative."""

from loaders.columns import SourceColumns

COLUMNS = SourceColumns(
    source="facebook",
    table="ads_export",
    aliases={
        "date": ("Date", "Day"),
        "campaign_name": ("Campaign Name",),
        "strategy_name": ("Ad Set Name",),
        "placement_name": ("Ad Name",),
        "creative_name": ("Ad Name",),
        "impressions": ("Impressions",),
        "clicks": ("Clicks", "Link clicks"),
        "conversions": ("Conversions", "Purchases"),
        "conversion_revenue": ("Revenue", "Purchases conversion value"),
        "reported_spend": ("Amount spent (*)", "Amount spent"),
    },
    fallbacks={"date": ("Reporting starts",), "conversions": ("Results",)},
    required=("date", "impressions", "clicks"),
    expected_absent=("conversions", "conversion_revenue", "reported_spend"),
    one_kind_only={"conversions": ("Result type", "Result indicator")},
    period_end=("Reporting ends",),
    currency=("Currency", "Account currency"),
    has_total_row=True,
    export_hint=(
        "export in English from Ads Reporting, at ad level and broken down by Day, with the columns "
        "Day, Campaign name, Ad set name, Ad name, Impressions and Link clicks"
    ),
)
