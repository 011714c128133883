"""Facebook: exports of the Ads Manager. Clicks are link clicks, not `Clicks (all)`; an ad is placement and creative."""

from loaders.files.columns import Columns
from loaders.source import Expectations, Source, Upload

SOURCE = Source(
    name="facebook",
    title="Facebook",
    row_table="ads_export",
    position=3,
    summary="Facebook Ads exports uploaded by hand",
    delivers="export",
    origin="uploaded_exports",
    origin_summary="Ads Manager exports, uploaded by hand.",
    transport=Upload(formats="by day, CSV or XLSX"),
    columns=Columns(
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
    ),
    late_after_days=8,  # exports are uploaded by hand, about once a week
    fresh_hours=8 * 24,
    expectations=Expectations(
        unnamed="critical",
        unnamed_because="Facebook lets no ad, ad set or campaign go unnamed; "
        "a row with a blank name is a total of other rows",
        equal=(
            (
                "placement_name",
                "creative_name",
                "both levels are the Ad Name; if they differ, one was read from another column",
            ),
        ),
    ),
    set_up="paidmedia upload FILE --client SLUG",
)
