"""`raw_facebook.ads_export`: exports whose total rows have blank names, and whose ad is both placement and creative."""

from typing import Any

from expectations.suites import common

TABLE = "raw_facebook.ads_export"


def expectations() -> list[Any]:
    """The suite of one Facebook row."""
    import great_expectations.expectations as gxe

    reason = "Facebook lets no ad, ad set or campaign go unnamed; a row with a blank name is a total of other rows"
    return [
        *common.expectations(),
        *(common.named(name, severity="critical", reason=reason) for name in common.NAMES),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="placement_name",
            column_B="creative_name",
            description="both levels are the Ad Name; if they differ, one was read from another column",
        ),
    ]
