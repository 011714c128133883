"""What holds for a row of every source. Column names are those of `expectations.batch`."""

from typing import Any

NAMES = ("campaign_name", "strategy_name", "placement_name", "creative_name")

# The platforms are younger, or no longer export anything so old (Facebook keeps 37 months).
FIRST_YEAR = 2015

# A campaign seen by a whole large country serves about this many impressions a day over all its rows.
# One row above it holds a total, or a number of another kind (an id, a phone number, a timestamp).
MAX_COUNT_PER_ROW = 100_000_000

# Facebook, the longest that is documented, allows 400. Far more is another cell's text in the wrong column.
MAX_NAME_LENGTH = 1_000

# Display costs 5 to 20, connected TV 20 to 60 per 1,000; an ad bought by the click can reach some hundreds.
ODD_CPM = 500
# Five per single impression. Nobody pays that; spend in millionths of the currency (micros) looks like that.
IMPOSSIBLE_CPM = 5_000


def expectations() -> list[Any]:
    """The expectations that all suites share."""
    return [*_identity(), *_dates(), *_names(), *_measures(), *_odd_but_true()]


def named(name: str, *, severity: str, reason: str) -> Any:
    """Expect that a name holds more than white space."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToMatchRegex(column=name, regex=r"\S", severity=severity, description=reason)


def _identity() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="copies_of_source_row",
            max_value=1,
            description="delivery_id and source_row name one row; a second one would be counted twice",
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="currency",
            regex="^[A-Z]{3}$",
            description="an ISO 4217 code has three capital letters; amounts of an unknown currency cannot be grouped",
        ),
    ]


def _dates() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="date", description="a row without a day belongs to no day"),
        gxe.ExpectColumnValuesToBeBetween(
            column="year",
            min_value=FIRST_YEAR,
            description=f"no platform reports days before {FIRST_YEAR}; an older date was misread",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="days_after_as_of",
            max_value=1,
            description="a report cannot know the future; one day is allowed because east of Greenwich "
            "the account's day begins before the day in UTC",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="is_declared_day",
            value_set=[True],
            description="the models read only the days that a delivery declares; a row of another day would be lost",
        ),
    ]


def _names() -> list[Any]:
    import great_expectations.expectations as gxe

    present = [
        gxe.ExpectColumnValuesToNotBeNull(
            column=name, description="every row has all four levels; without one it has no place in the hierarchy"
        )
        for name in NAMES
    ]
    short = [
        gxe.ExpectColumnValueLengthsToBeBetween(
            column=name,
            max_value=MAX_NAME_LENGTH,
            description=f"no platform allows names near {MAX_NAME_LENGTH:,} characters; this is text of another column",
        )
        for name in NAMES
    ]
    return present + short


def _measures() -> list[Any]:
    import great_expectations.expectations as gxe

    counts = [
        gxe.ExpectColumnValuesToBeBetween(
            column=measure,
            min_value=0,
            max_value=MAX_COUNT_PER_ROW,
            description=f"a count is not negative, and above {MAX_COUNT_PER_ROW:,} in one row it is a total or an id",
        )
        for measure in ("impressions", "clicks", "conversions")
    ]
    amounts = [
        gxe.ExpectColumnValuesToBeBetween(
            column=measure, min_value=0, description="delivered amounts are gross; a negative one is a correction entry"
        )
        for measure in ("conversion_revenue", "reported_spend")
    ]
    return [
        gxe.ExpectColumnValuesToNotBeNull(
            column="impressions", description="spend is priced from impressions; without them there is none"
        ),
        *counts,
        *amounts,
        gxe.ExpectColumnValuesToBeBetween(
            column="reported_cpm",
            max_value=IMPOSSIBLE_CPM,
            description=f"nobody pays {IMPOSSIBLE_CPM:,} per 1,000 impressions; the spend is in another unit",
        ),
    ]


def _odd_but_true() -> list[Any]:
    """What looks wrong and occurs in real files: told, never held."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="impressions",
            column_B="clicks",
            or_equal=True,
            severity="warning",
            description="more clicks than impressions: true when a click falls on a later day than its impression",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="clicks",
            column_B="conversions",
            or_equal=True,
            severity="warning",
            description="more conversions than clicks: true when people convert after only seeing the ad",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="conversions_without_impressions",
            max_value=0,
            severity="warning",
            description="conversions without impressions: true when people convert days after the impression",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="reported_cpm",
            max_value=ODD_CPM,
            severity="warning",
            description=f"above {ODD_CPM} per 1,000 impressions: true for ads bought by the click; "
            "else the spend may be in cents",
        ),
    ]
