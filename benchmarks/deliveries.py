"""The bytes of a day: for each client a Surfside CSV, a Vibe report and a Facebook export, made column by column.

creatives of a client and source (the same each day) → measures of the day → CSV as the platform writes it

Names, splits and formats are those of real files; so is the share of rows that differ only in a column that the grain
does not have. The same day and variant give the same bytes on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from io import BytesIO
from uuid import NAMESPACE_DNS, uuid5

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from benchmarks.sizes import RAW_ROWS_PER_KEY
from sandbox.vibe_report import DATE_COLUMN, DIMENSIONS, METRICS

CAMPAIGNS = ("Always On", "Autumn Launch 2026", "Holiday Preview", "Brand Lift", "Store Opening", "Loyalty")
TACTICS = ("Prospecting", "Retargeting", "Lookalike 1%", "Contextual", "CRM Match", "Geo Conquest")
AUDIENCES = ("Adults 25-54", "Parents of Toddlers", "Auto Intenders", "Frequent Travellers", "Home Renovators")
PLACES = ("Premium News Network", "Weather App Interstitial", "Sports Live Stream", "Recipe Finder", "Music Free Tier")
THEMES = ("Blue Couch", "Family Breakfast", "Night Drive", "Summer Rain", "Grand Opening", "Two for One", "Founder")
SIZES = ("300x250", "728x90", "160x600", "320x50", "970x250", "300x600", "336x280", "320x480")
REGIONS = ("California", "New York", "Texas", "Massachusetts", "Illinois", "Ontario", "Washington", "Florida")
CPM_CENTS = {"surfside": 410, "vibe": 2_350, "facebook": 880}  # what the platforms charge for 1,000 impressions


@dataclass(frozen=True)
class Creatives:
    """The rows of one client and source without their measures: one entry per raw row, in the order of the file."""

    campaign: pa.Array
    strategy: pa.Array
    placement: pa.Array
    creative: pa.Array
    split: np.ndarray  # the number of the row among those of its creative

    def __len__(self) -> int:
        return len(self.split)


@dataclass(frozen=True)
class Measures:
    """The measures of one delivery, amounts in cents."""

    impressions: np.ndarray
    clicks: np.ndarray
    conversions: np.ndarray
    revenue: np.ndarray
    spend: np.ndarray


@lru_cache(maxsize=64)
def creatives(client: int, source: str, rows: int) -> Creatives:
    """The creatives of a client: about one for 2.65 rows, each with one row or more."""
    random = np.random.default_rng([client, len(source), rows])
    keys = max(1, round(rows / RAW_ROWS_PER_KEY))
    further = (random.random(rows - keys) ** 2 * keys).astype(np.int64)  # a few creatives have a hundred rows
    key = np.sort(np.concatenate([np.arange(keys), (further * 7_919) % keys]))
    split = np.arange(rows) - np.searchsorted(key, key)
    placement = key % max(1, min(240, keys))
    strategy, campaign = placement % 24, placement % 24 % len(CAMPAIGNS)
    return Creatives(
        campaign=_named([f"{name} | Client {client:02}" for name in CAMPAIGNS], campaign),
        strategy=_named([f"{TACTICS[n % 6]} | {AUDIENCES[n % 5]} | Tier {n // 6 + 1}" for n in range(24)], strategy),
        placement=_named([f"{PLACES[n % 5]} {n:03} | {SIZES[n % 8]} | Above the fold" for n in range(240)], placement),
        creative=_named([f"{THEMES[n % 7]} – {TACTICS[n % 6]} – V{n % 9 + 1} – {n:06}" for n in range(keys)], key),
        split=split,
    )


def measures(client: int, source: str, day: date, rows: int, variant: int = 0) -> Measures:
    """The measures of a day; another `variant` is the day as the platform restates it."""
    random = np.random.default_rng([client, len(source), day.toordinal(), variant])
    impressions = np.floor(random.lognormal(4.2, 1.4, rows)).astype(np.int64)
    clicks = random.binomial(impressions, 0.006)
    conversions = random.binomial(clicks, 0.08)
    revenue = conversions * random.integers(900, 12_000, rows)
    spend = impressions * CPM_CENTS[source] // 1_000
    return Measures(impressions, clicks, conversions, revenue, spend)


def surfside(client: int, day: date, rows: int, variant: int = 0) -> bytes:
    """A media report as Surfside puts it into the bucket: amounts like ` $ 4.76 `, month-first dates, no campaign."""
    rows_of, found = creatives(client, "surfside", rows), measures(client, "surfside", day, rows, variant)
    columns: dict[str, pa.Array] = {
        "Strategy Name": rows_of.strategy,
        "Placement Name": rows_of.placement,
        "Creative Name": rows_of.creative,
        "Creative Size": _named(SIZES, rows_of.split % len(SIZES)),
        "Event Date": _constant(f"{day.month}/{day.day}/{day.year}", rows),
        "Impressions": pa.array(found.impressions),
        "Clicks": pa.array(found.clicks),
        " Media Spend ": _dollars(found.spend),
        "Conversions": pa.array(found.conversions),
        "Conversion Value": _amount(found.revenue),
        " ROAS ": _dollars(found.revenue // np.maximum(found.spend, 1)),
    }
    return _csv(columns, quoting="none")


def vibe(client: int, day: date, rows: int, variant: int = 0) -> bytes:
    """A report as the API answers what the loader asks for: all dimensions and metrics, counts as floats, no clicks."""
    rows_of, found = creatives(client, "vibe", rows), measures(client, "vibe", day, rows, variant)
    sessions = found.conversions * 6 + found.impressions // 400
    counts = {
        "completed_views": found.impressions - found.impressions // 25,
        "households": (found.impressions * 2 + 2) // 3,
        "impressions": found.impressions,
        "number_of_leads": sessions // 5,
        "number_of_page_views": sessions * 2,
        "number_of_purchases": found.conversions,
        "number_of_sessions": sessions,
    }
    texts = {
        "advertiser_id": _constant(advertiser_id(client), rows),
        "advertiser_name": _constant(f"Client {client:02} of the agency", rows),
        "app_id": _constant(f"app{client:06}", rows),
        "campaign_id": _ids(rows_of.campaign),
        "campaign_name": rows_of.campaign,
        "channel_name": rows_of.placement,
        "creative_id": _ids(rows_of.creative),
        "creative_name": rows_of.creative,
        "geo_city": _named([f"Springfield {n}" for n in range(40)], rows_of.split % 40),
        "geo_metro": _named([f"{n + 500}" for n in range(40)], rows_of.split % 40),
        "geo_region": _named(REGIONS, rows_of.split % len(REGIONS)),
        "geo_zip": _named([f"{n + 2_110:05}" for n in range(400)], rows_of.split % 400),
        "impression_time": _constant(f"{day}T00:00:00.000", rows),
        "os": _constant("WEB", rows),
        "screen": _constant("TV", rows),
        "strategy_id": _ids(rows_of.strategy),
        "strategy_name": rows_of.strategy,
    }
    metrics = {name: pc.binary_join_element_wise(_text(values), "0", ".") for name, values in counts.items()}
    metrics |= {"amount_of_purchases": _amount(found.revenue), "spend": _amount(found.spend)}
    columns = {DATE_COLUMN: _constant(day.isoformat(), rows)}
    columns |= {name: texts[name] for name in sorted(DIMENSIONS)}
    columns |= {name: metrics.get(name, _constant("0.0", rows)) for name in sorted(METRICS)}
    return _csv(columns, quoting="none")


def facebook(client: int, day: date, rows: int, variant: int = 0) -> bytes:
    """An export of Ads Reporting: a grand total first, an ad's text with line breaks, one ad for the lowest levels."""
    rows_of, found = creatives(client, "facebook", rows), measures(client, "facebook", day, rows, variant)
    body = [f'{theme}: come and see ✨\nOpen daily, "rain or shine".' for theme in THEMES]
    columns: dict[str, pa.Array] = {
        "Campaign Name": rows_of.campaign,
        "Ad Set Name": rows_of.strategy,
        "Ad Name": rows_of.creative,
        "Day": _constant(day.isoformat(), rows),
        "Region": _named(REGIONS, rows_of.split % len(REGIONS)),
        "Text": _named(body, rows_of.split % len(body)),
        "Impressions": _text(found.impressions),
        "Reach": _text(found.impressions - found.impressions // 8),
        "Amount spent (USD)": _amount(found.spend),
        "Link clicks": _text(found.clicks),
        "Clicks (all)": _text(found.clicks + found.clicks // 3),
        "Purchases": _text(found.conversions),
        "Purchases conversion value": _amount(found.revenue),
    }
    summed = {name: str(int(pc.sum(column.cast(pa.int64())).as_py())) for name, column in _countable(columns)}
    total = {name: pa.array([summed.get(name, "")]) for name in columns}
    return _csv({name: pa.concat_arrays([total[name], columns[name]]) for name in columns})


MAKERS = {"surfside": surfside, "vibe": vibe, "facebook": facebook}


def advertiser_id(client: int) -> str:
    """The Vibe account of a client."""
    return str(uuid5(NAMESPACE_DNS, f"client-{client:02}.example"))


def _countable(columns: dict[str, pa.Array]) -> list[tuple[str, pa.Array]]:
    return [(name, columns[name]) for name in ("Impressions", "Reach", "Link clicks", "Clicks (all)", "Purchases")]


def _named(names: Sequence[str], index: np.ndarray) -> pa.Array:
    return pa.array(names).take(pa.array(index))


def _constant(text: str, rows: int) -> pa.Array:
    return pa.repeat(text, rows)


@lru_cache(maxsize=200_000)
def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))


def _ids(names: pa.Array) -> pa.Array:
    """A uuid for each different name."""
    encoded = names.dictionary_encode()
    return pa.array([_id(name) for name in encoded.dictionary.to_pylist()]).take(encoded.indices)


def _text(values: np.ndarray) -> pa.Array:
    return pa.array(values).cast(pa.string())


def _amount(cents: np.ndarray) -> pa.Array:
    """Cents → `4.76`."""
    halves = np.stack([cents.astype(np.int64), np.zeros(len(cents), np.int64)], axis=1)
    decimals = pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(halves.tobytes())])
    return decimals.cast(pa.string())


def _dollars(cents: np.ndarray) -> pa.Array:
    """Cents → ` $ 4.76 `, as Excel's accounting format writes it, and ` $ -   ` for nothing."""
    shown = pc.binary_join_element_wise(" $ ", _amount(cents), " ", "")
    return pc.if_else(pa.array(cents == 0), " $ -   ", shown)


def _csv(columns: dict[str, pa.Array], quoting: str = "needed") -> bytes:
    target = BytesIO()
    csv.write_csv(pa.table(columns), target, csv.WriteOptions(quoting_style=quoting))
    return target.getvalue()
