"""How numbers, days and names read: pure functions, the only place where a number is rounded."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from serving.metrics import Metric

Number = Decimal | int

ABSENT = "–"


def rounded(metric: Metric, value: Number | None) -> Decimal | None:
    """The value at the metric's rounding, half away from zero as Postgres rounds. None stays None."""
    return None if value is None else quantized(value, metric.decimals)


def quantized(value: Number, decimals: int) -> Decimal:
    """The value with exactly so many decimals, half away from zero."""
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def as_float(value: Number | None) -> float | None:
    """The value as charts want it: near enough to be drawn, never shown as a number."""
    return None if value is None else float(value)


def shown(metric: Metric, value: Number | None, currency: str) -> str:
    """The value as a reader sees it, with its unit: `541,210`, `9,200.57 USD`, `0.104396 %`, `–` for none."""
    number = rounded(metric, value)
    if number is None:
        return ABSENT
    return f"{number:,}{_unit(metric, currency)}"


def headed(metric: Metric, currency: str) -> str:
    """The metric as a heading over bare numbers: `Spend (USD)`, `CTR (%)`, `Clicks`."""
    unit = _unit(metric, currency).strip()
    return f"{metric.label} ({unit})" if unit else metric.label


def change(current: Number | None, previous: Number | None) -> Decimal | None:
    """Change against the previous value in percent, unrounded. None without a previous value or when it is zero."""
    if current is None or previous is None or previous == 0:
        return None
    return (Decimal(current) - Decimal(previous)) * 100 / Decimal(previous)


def shown_change(percent: Decimal | None) -> str | None:
    """A change as a card's delta: `+12.3 %`, `-4.0 %`, `0` when it rounds to nothing, None for none."""
    if percent is None:
        return None
    tenths = quantized(percent, 1)
    return "0" if tenths == 0 else f"{tenths:+,} %"


def day(value: date | None) -> str:
    """`3 Nov 2025`, `–` for none."""
    return ABSENT if value is None else f"{value.day} {value:%b %Y}"


def days(start: date, end: date) -> str:
    """A span of days without saying anything twice: `1 – 30 Nov 2025`, `28 Oct – 3 Nov 2025`, `3 Nov 2025`."""
    if start == end:
        return day(start)
    if start.year != end.year:
        return f"{day(start)} – {day(end)}"
    if start.month != end.month:
        return f"{start.day} {start:%b} – {day(end)}"
    return f"{start.day} – {day(end)}"


def period(start: date, end: date, grain: str) -> str:
    """A `week` or `month` as a reader names it: `17 – 23 Nov 2025`, `November 2025`."""
    return days(start, end) if grain == "week" else f"{start:%B %Y}"


def moment(value: datetime | None) -> str:
    """A time in UTC to the minute: `3 Nov 2025, 05:12 UTC`, `–` for none."""
    return ABSENT if value is None else f"{day(value.date())}, {value:%H:%M} UTC"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun: `1 row`, `1,204 rows`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def escaped(text: str) -> str:
    """A delivered name that Markdown shows as it is, with nothing in it read as formatting."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()<>#+-.!|~:$" else sign for sign in text)


def _unit(metric: Metric, currency: str) -> str:
    return {"count": "", "money": f" {currency}", "percent": " %"}[metric.kind]
