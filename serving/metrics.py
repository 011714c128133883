"""The nine numbers of the product: their names, units, roundings and which direction is good. No SQL, no widgets."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "money", "percent"]
Better = Literal["up", "down"]


@dataclass(frozen=True)
class Metric:
    """One number of the marts: `decimals` is its rounding where it is shown, `better` the good direction if any."""

    name: str
    label: str
    kind: Kind
    decimals: int
    better: Better | None
    meaning: str

    @property
    def is_money(self) -> bool:
        """Whether the number is an amount of one currency."""
        return self.kind == "money"

    @property
    def in_words(self) -> str:
        """The label within a sentence: `spend`, but `CTR`."""
        return self.label if self.label.isupper() else self.label.lower()

    @property
    def key(self) -> str:
        """The name as a CSS class wants it: `kpi-<key>` marks the card of the metric on a page."""
        return self.name.replace("_", "-")


_ALL = (
    Metric("impressions", "Impressions", "count", 0, "up", "How often an ad was shown."),
    Metric("clicks", "Clicks", "count", 0, "up", "Clicks; Facebook: link clicks. Vibe (TV) reports none."),
    Metric("ctr", "CTR", "percent", 6, "up", "Clicks / impressions × 100, from the sums."),
    Metric("conversions", "Conversions", "count", 0, "up", "Purchases and the like, as the platforms deliver them."),
    Metric("conversion_revenue", "Revenue", "money", 2, "up", "Revenue of the conversions, as delivered."),
    Metric("spend", "Spend", "money", 2, None, "Impressions / 1,000 × the price agreed for a thousand, day by day."),
    Metric("cpc", "CPC", "money", 4, "down", "Spend / clicks, from the sums."),
    Metric("cpa", "CPA", "money", 4, "down", "Spend / conversions, from the sums."),
    Metric("roas", "ROAS", "percent", 4, "up", "Revenue / spend × 100, from the sums."),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}

# The measures that add up, and the ratios that are taken from their sums.
MEASURES = ("impressions", "clicks", "conversions", "conversion_revenue", "spend")
RATIOS = ("ctr", "cpc", "cpa", "roas")
