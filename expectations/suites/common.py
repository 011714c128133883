"""What holds for a row of every source. What else a condition may name stands in `expectations.profile`."""

from expectations.suites.expectation import WARNING, Expectation

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
# Below this many impressions one click that was paid for moves the cost per 1,000 by hundreds.
IMPRESSIONS_TO_JUDGE_CPM = 1_000
# The bounds on the cost per 1,000 are amounts of dollars, so they are put only to currencies of a like value.
DOLLAR_LIKE_CURRENCIES = ("USD", "EUR", "GBP", "CHF", "CAD", "AUD", "NZD", "SGD")


def named(column: str, *, severity: str, reason: str) -> Expectation:
    """Expect that a name holds more than white space."""
    # The regular expression alone costs as much as everything else in the profile: of four names in 500,000 rows 1.1 s,
    # 0.1 s where it is asked only of names that do not begin with a visible sign of ASCII.
    return Expectation(
        name=f"{column}_is_not_blank",
        column=column,
        condition=rf"""{column} collate "C" between '!' and '~' or {column} ~ '\S'""",
        meaning=reason,
        severity=severity,
    )


def equal(left: str, right: str, *, reason: str) -> Expectation:
    """Expect that two columns agree."""
    return Expectation(f"{left}_is_{right}", f"{left}, {right}", f"{left} = {right}", reason)


def _given(column: str, reason: str) -> Expectation:
    return Expectation(f"{column}_is_given", column, f"{column} is not null", reason)


def _short(column: str) -> Expectation:
    return Expectation(
        name=f"{column}_is_short",
        column=column,
        # No text has more characters than bytes, and bytes need not be counted.
        condition=f"octet_length({column}) <= {MAX_NAME_LENGTH} or length({column}) <= {MAX_NAME_LENGTH}",
        meaning=f"no platform allows names near {MAX_NAME_LENGTH:,} characters; this is text of another column",
    )


def _count(column: str) -> Expectation:
    return Expectation(
        name=f"{column}_is_a_count",
        column=column,
        condition=f"{column} between 0 and {MAX_COUNT_PER_ROW}",
        meaning=f"a count is not negative, and above {MAX_COUNT_PER_ROW:,} in one row it is a total or an id",
    )


def _gross(column: str) -> Expectation:
    return Expectation(
        name=f"{column}_is_gross",
        column=column,
        condition=f"{column} >= 0",
        meaning="delivered amounts are gross; a negative one is a correction entry",
    )


def _cpm_up_to(limit: int) -> str:
    return f"""
        impressions < {IMPRESSIONS_TO_JUDGE_CPM}
        or coalesce(currency, client_currency) not in {DOLLAR_LIKE_CURRENCIES}
        or reported_spend * 1000 <= {limit} * impressions
    """


_IDENTITY = (
    Expectation(
        name="source_row_comes_once",
        column="source_row",
        condition="copy = 1",
        counted_as="count(*) - count(distinct source_row)",
        meaning="delivery_id and source_row name one row; a second one would be counted twice",
    ),
    Expectation(
        name="currency_is_a_code",
        column="currency",
        condition="currency is not distinct from client_currency or currency ~ '^[A-Z]{3}$'",  # a client's is one
        meaning="an ISO 4217 code has three capital letters; amounts of an unknown currency cannot be grouped",
    ),
)

_DATES = (
    _given("date", "a row without a day belongs to no day"),
    Expectation(
        name="date_is_not_ancient",
        column="date",
        condition=f"date >= date '{FIRST_YEAR}-01-01'",
        meaning=f"no platform reports days before {FIRST_YEAR}; an older date was misread",
    ),
    Expectation(
        name="date_is_not_ahead",
        column="date",
        condition="date <= as_of_day + 1",
        meaning="a report cannot know the future; one day is allowed because east of Greenwich "
        "the account's day begins before the day in UTC",
    ),
    Expectation(
        name="date_is_declared",
        column="date",
        condition="date is not null and date = any(declared_days)",
        meaning="the models read only the days that a delivery declares; a row of another day would be lost",
    ),
)

_NAMES = (
    *(_given(name, "every row has all four levels; without one it has no place in the hierarchy") for name in NAMES),
    *(_short(name) for name in NAMES),
)

_MEASURES = (
    _given("impressions", "spend is priced from impressions; without them there is none"),
    *(_count(measure) for measure in ("impressions", "clicks", "conversions")),
    *(_gross(measure) for measure in ("conversion_revenue", "reported_spend")),
    Expectation(
        name="reported_cpm_is_possible",
        column="reported_spend",
        condition=_cpm_up_to(IMPOSSIBLE_CPM),
        meaning=f"nobody pays {IMPOSSIBLE_CPM:,} per 1,000 impressions; the spend is in another unit",
    ),
)

# What looks wrong and occurs in real files: told, never held.
_ODD_BUT_TRUE = (
    Expectation(
        name="clicks_have_impressions",
        column="impressions, clicks",
        condition="impressions >= clicks",
        meaning="more clicks than impressions: true when a click falls on a later day than its impression",
        severity=WARNING,
    ),
    Expectation(
        name="conversions_have_clicks",
        column="clicks, conversions",
        condition="clicks >= conversions",
        meaning="more conversions than clicks: true when people convert after only seeing the ad",
        severity=WARNING,
    ),
    Expectation(
        name="conversions_have_impressions",
        column="conversions",
        condition="impressions <> 0 or conversions <= 0",
        meaning="conversions without impressions: true when people convert days after the impression",
        severity=WARNING,
    ),
    Expectation(
        name="reported_cpm_is_usual",
        column="reported_spend",
        condition=_cpm_up_to(ODD_CPM),
        meaning=f"above {ODD_CPM} per 1,000 impressions: true for ads bought by the click; "
        "else the spend may be in cents",
        severity=WARNING,
    ),
)

EXPECTATIONS: tuple[Expectation, ...] = (*_IDENTITY, *_DATES, *_NAMES, *_MEASURES, *_ODD_BUT_TRUE)
