"""The made-up world of the sandbox: clients and the names of what they advertise, per source.

One `Leaf` is one path Campaign > Strategy > Placement > Creative with its share of a day and the values that split its
rows further (creative sizes, zip codes, regions). Numbers belong in `plan.py`, file formats in the source's module.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

Source = Literal["surfside", "vibe", "facebook"]
SOURCES: tuple[Source, ...] = ("surfside", "vibe", "facebook")

# name, slug, currency, base CPM, relative size, day of the month on which a new CPM takes effect
CLIENTS = (
    ("Harbor & Pine", "harbor-pine", "USD", "12.3450", 1.0, 15),
    ("Northlight Cycles", "northlight-cycles", "USD", "17.0000", 0.6, 14),
    ("Café Lumière", "cafe-lumiere", "EUR", "9.8725", 0.45, 16),
    ("Willow Street Dental", "willow-street-dental", "USD", "14.5000", 0.3, 13),
    ("Bluebird Outfitters", "bluebird-outfitters", "USD", "11.2500", 0.8, 17),
    ("Strand & Söhne", "strand-soehne", "EUR", "10.1234", 0.5, 12),
)

CREATIVE_SIZES = ("300x250", "320x50", "728x90", "320x100", "160x600", "nullxnull")
REGIONS = ("Vermont", "Oregon", "Minnesota", "Unknown")

_SURFSIDE_PLACEMENTS = (
    ("Acquire", "Audience | Weekend Planners"),
    ("Acquire", "Audience | Local Food Lovers"),
    ("Acquire", "Location | Around Our Stores"),
    ("Acquire", "Lookalike | Loyalty Members"),
    ("Acquire", "Context | News & Weather"),
    # The tab is meant: one real file has a tab inside a name.
    ("Re-engage", "Returning\t| Basket Left Behind"),
    ("Re-engage", "Returning\t| Product Viewers"),
    ("Re-engage", "Loyalty | Lapsed 90 Days"),
)
_VIBE_CAMPAIGNS = (("CTV Brand Film", "All apps - TV - 6 cities"), ("CTV Season Offer", "Evening apps - TV - 3 cities"))
_VIBE_CHANNELS = (
    "Lantern TV",
    "Roam Channel",
    "Pixel Plus",
    "Northern News",
    "Cinemagic",
    "Sports Yard",
    "Green Planet",
    "Retro Toons",
)
_FACEBOOK_AD_SETS = (
    ("New visitors", "Broad 25-54"),
    ("New visitors", "Lookalike  2%"),  # two blanks are meant
    ("Season opening 🌿", "Neighbourhood café guests"),
    ("Season opening 🌿", "Families, weekend"),
    ("Come back", "Site visitors 30 days"),
    ("Come back", "Past buyers"),
)
_FACEBOOK_ADS = ("Carousel", "Short film", "Photo – morning", "Photo – evening", "Story ☀️")


@dataclass(frozen=True, slots=True)
class Geo:
    """Where a TV household lives, as Vibe writes it; three of the four cells contain commas."""

    zip_code: str
    city: str
    metro: str
    region: str


GEOS = tuple(
    Geo(f"{code}, {city}, {state}", f"{city}, {state}", f"{metro}, {city}, {state}", region)
    for code, city, state, metro, region in (
        ("05401", "Alder Falls", "VT", "523", "Vermont"),
        ("05403", "Alder Falls", "VT", "523", "Vermont"),
        ("97201", "Port Rowan", "OR", "820", "Oregon"),
        ("97205", "Port Rowan", "OR", "820", "Oregon"),
        ("55101", "Twin Lakes", "MN", "613", "Minnesota"),
        ("55108", "Twin Lakes", "MN", "613", "Minnesota"),
    )
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One path of the hierarchy; `share` is its part of the client's day, the shares of a source sum to 1."""

    campaign: str
    strategy: str
    placement: str
    creative: str
    share: float
    splits: tuple[str, ...]


def leaves(seed: int, client_id: str, source: Source, surfside_campaign: str) -> tuple[Leaf, ...]:
    """Every path of a client and source, biggest families first; the same for every window of dates."""
    rng = Random(f"{seed}|{client_id}|{source}|leaves")
    if source == "surfside":
        paths = [
            (surfside_campaign, strategy, placement, f"Creative {number}")
            for strategy, placement in _SURFSIDE_PLACEMENTS
            for number in (1, 2, 3, 4)
        ]
        splits: tuple[str, ...] = CREATIVE_SIZES
    elif source == "vibe":
        paths = [
            (campaign, strategy, channel, f"{campaign.split()[-1]} {seconds}s")
            for campaign, strategy in _VIBE_CAMPAIGNS
            for channel in _VIBE_CHANNELS
            for seconds in (15, 30)
        ]
        splits = tuple(geo.zip_code for geo in GEOS)
    else:
        paths = [(campaign, ad_set, ad, ad) for campaign, ad_set in _FACEBOOK_AD_SETS for ad in _FACEBOOK_ADS]
        splits = REGIONS
    weights = [(0.2 + rng.random()) / (1 + 0.12 * number) for number, _ in enumerate(paths)]
    total = sum(weights)
    return tuple(
        Leaf(*path, share=weight / total, splits=_some(rng, splits))
        for path, weight in zip(paths, weights, strict=True)
    )


def _some(rng: Random, values: tuple[str, ...]) -> tuple[str, ...]:
    """Two or three of the values."""
    shuffled = sorted(values, key=lambda _: rng.random())
    return tuple(shuffled[: 2 + (rng.random() < 0.5)])
