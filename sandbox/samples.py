"""One small file per source with the shape of a real one, and what each adds up to. For tests.

The bytes are the same on every machine. The totals are written down here, not computed: a change of the files shows.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sandbox import facebook, surfside
from sandbox.plan import Measures, MediaPlan, Row, Source
from sandbox.vibe_report import rows_csv

_SEED = 11


@dataclass(frozen=True, slots=True)
class SampleTotals:
    """What a sample holds. `rows` without heading and grand total; `keys` at the grain client, day and path.

    None: the file has no such column. Amounts are in USD.
    """

    first_day: date
    last_day: date
    rows: int
    keys: int
    impressions: int
    clicks: int | None
    conversions: int | None
    conversion_revenue: Decimal | None
    reported_spend: Decimal
    total_row_impressions: int | None = None


SURFSIDE_WEEK = SampleTotals(
    first_day=date(2025, 6, 2),
    last_day=date(2025, 6, 8),
    rows=509,
    keys=203,
    impressions=394_533,
    clicks=615,
    conversions=159,
    conversion_revenue=Decimal("11519.29"),
    reported_spend=Decimal("2172.00"),
)
VIBE_REPORT = SampleTotals(
    first_day=date(2025, 6, 8),
    last_day=date(2025, 6, 8),
    rows=70,
    keys=29,
    impressions=12_746,
    clicks=None,
    conversions=2,
    conversion_revenue=Decimal("196.65"),
    reported_spend=Decimal("279.21"),
)
FACEBOOK_DAILY_BY_REGION = SampleTotals(
    first_day=date(2025, 6, 2),
    last_day=date(2025, 6, 18),
    rows=188,
    keys=89,
    impressions=70_892,
    clicks=1_326,
    conversions=None,
    conversion_revenue=None,
    reported_spend=Decimal("889.63324819"),
    total_row_impressions=99_249,
)


def surfside_week() -> bytes:
    """A Surfside CSV of seven days; it has no campaign column, and a tab inside some placement names."""
    return surfside.csv_bytes(_rows("surfside", SURFSIDE_WEEK))


def vibe_report() -> bytes:
    """A Vibe report of one day with all 46 columns."""
    plan = _plan(VIBE_REPORT)
    return rows_csv(plan.clients[0], _rows("vibe", VIBE_REPORT))


def facebook_daily_by_region() -> bytes:
    """A Facebook workbook by day and region, without purchases, its grand total first and too high."""
    plan = _plan(FACEBOOK_DAILY_BY_REGION)
    rows = [item for item in _rows("facebook", FACEBOOK_DAILY_BY_REGION) if item[0].creative == "Carousel"]
    newest_first = sorted(rows, key=lambda item: item[0].date, reverse=True)
    return facebook.xlsx_bytes(plan.clients[0], newest_first, hides_rows=True)


def _plan(sample: SampleTotals) -> MediaPlan:
    days = (sample.last_day - sample.first_day).days + 1
    return MediaPlan.generate(seed=_SEED, clients=1, days=days, last_day=sample.last_day, purchases=False)


def _rows(source: Source, sample: SampleTotals) -> list[tuple[Row, Measures]]:
    plan = _plan(sample)
    client_id = plan.clients[0].client_id
    later = plan.today + timedelta(days=7)  # every day is final
    return [item for day in plan.days() for item in plan.delivered(client_id, source, day, later)]
