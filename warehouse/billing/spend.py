"""What a delivery costs the client. The marts have the same formula in `dbt_project/macros/metrics/spend.sql`."""

from decimal import Decimal

THOUSANDTH = Decimal("0.001")


def spend(impressions: int, cpm: Decimal) -> Decimal:
    """impressions / 1000 × CPM, exact, as the marts have it."""
    return impressions * cpm * THOUSANDTH
