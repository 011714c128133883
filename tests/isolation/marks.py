"""What gives a foreign row away: words that are in no query, and measures that no sum of own rows reaches."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
DAYS = [date(2026, 3, 25) + timedelta(days=number) for number in range(14)]  # two months, three weeks


@dataclass(frozen=True)
class Client:
    """A client whose every name holds one word, and whose measures are of one size."""

    client_id: str
    word: str
    impressions: int
    clicks: int


# Of the foreign clients only the slugs occur in queries: whoever looks for others' rows can guess those.
OWN = Client("acme", "Kingfisher", 1_000, 10)
FOREIGN = (Client("bolt", "Nightjar", 10**9, 10**8), Client("cosmo", "Plover", 3 * 10**9, 10**8))
WORDS = tuple(client.word.lower() for client in FOREIGN)
# Everything of the own client together stays below this, one row of a foreign one is above it.
CEILING = 5 * 10**7
MEASURES = ("impressions", "clicks", "conversions", "conversion_revenue")


def betrays(cells: Iterable[object]) -> str | None:
    """The first cell that only a foreign row can have brought; None when all are harmless."""
    for cell in cells:
        is_number = isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)
        if is_number and abs(cell) >= CEILING:  # type: ignore[arg-type]
            return repr(cell)
        if not is_number and any(word in str(cell).lower() for word in WORDS):
            return str(cell)[:300]
    return None
