"""How large a run is: clients, rows, days of history, repeats, and the disk that it needs."""

import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from loaders.registry import names
from warehouse.errors import PaidMediaError

# The measured days of the full form are Tuesday 29 September, Thursday 8 October and this Wednesday: of two months and
# three weeks, and none begins one.
LAST_DAY = date(2026, 10, 28)
RAW_ROWS_PER_KEY = 2.65  # of real files: they split a creative's day by size, zip code or region
BYTES_PER_HISTORY_ROW = 1_000  # of a raw row with its unmapped columns (Vibe's have 1,100 bytes) and of the fact
BYTES_PER_DAY_ROW = 2_500  # the files, their landed copies, the tables of floor and peer
SPARE_BYTES_PER_DAY_ROW = 6_200  # the write-ahead log, and what a build of some days of history writes and sorts
EMPTY_BYTES = 2**29  # an empty server, Dagster's home


@dataclass(frozen=True)
class Size:
    """One form of the benchmark. `rows` are those of a day over all clients and sources, `days` the longest history.

    `people` open the pages at once, over `page_days`; nobody does in the small form, which needs no browser.
    """

    rows: int = 1_500_000
    days: int = 30
    clients: int = 10
    repeats: int = 3
    query_calls: int = 100
    upload_rows: int = 5_000
    days_per_build: int = 5
    people: int = 20
    page_days: int = 30
    page_rounds: int = 2
    watched_rounds: int = 24

    @property
    def client_ids(self) -> list[str]:
        """The slugs of the clients."""
        return [f"client-{number:02}" for number in range(1, self.clients + 1)]

    @property
    def dates(self) -> list[date]:
        """Every day of the history, oldest first."""
        return [LAST_DAY - timedelta(days=back) for back in reversed(range(self.days))]

    @property
    def levels(self) -> list[int]:
        """The lengths of history at which a day is measured, that day included."""
        return sorted({1, max(1, self.days // 3), self.days})

    @property
    def rows_per_delivery(self) -> int:
        """The rows of one client and source."""
        return max(1, round(self.rows / (self.clients * len(names()))))

    @property
    def bytes_needed(self) -> int:
        """What the home grows to, about."""
        of_a_day = BYTES_PER_HISTORY_ROW * self.days + BYTES_PER_DAY_ROW * len(self.levels) + SPARE_BYTES_PER_DAY_ROW
        return self.rows * of_a_day + EMPTY_BYTES

    def check_disk(self, home: Path) -> None:
        """Raise `PaidMediaError` where the disk of a new home is too small."""
        free = shutil.disk_usage(home).free
        if free < self.bytes_needed:
            what = f"about {self.bytes_needed / 2**30:.0f} GB are needed, {free / 2**30:.0f} GB are free"
            raise PaidMediaError(what, where=str(home), fix="choose --home on a larger disk, or fewer --days")


FULL = Size()
# 100,000 rows in all, three days of history: what CI runs.
QUICK = Size(rows=33_334, days=3, clients=5, repeats=1, query_calls=10, upload_rows=500, people=0)
