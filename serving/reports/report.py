"""What a report holds: who and when, the nine numbers, the days, the sources, rankings, the table. Rounded once, here.

Values are as they are shown: counts whole, amounts with 2 decimals, CPC, CPA and ROAS with 4, CTR with 6; None where
there is none. Ratios were taken from sums before they were rounded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from serving import format as shown_as
from serving.metrics import METRICS, Metric
from serving.periods import Period

READ = 500  # lines of a table that somebody reads; files for programs have all

Values = Mapping[str, Decimal | None]


@dataclass(frozen=True)
class Line:
    """One line of a table: its names, then a value for each metric, and for sums the change in percent if known."""

    names: tuple[str, ...]
    values: Values

    @classmethod
    def of(cls, names: Sequence[str], row: Mapping[str, Any]) -> "Line":
        """A row of a query, rounded."""
        return cls(tuple(names), {name: shown_as.rounded(metric, row[name]) for name, metric in METRICS.items()})


@dataclass(frozen=True)
class Table:
    """Lines under headings; `total` is of every entity, also of those that are not listed."""

    title: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    total: Line | None = None
    entities: int | None = None

    @property
    def left_out(self) -> int:
        """How many entities have no line."""
        return (self.entities or len(self.lines)) - len(self.lines)


@dataclass(frozen=True)
class Card:
    """One of the nine numbers and its change against the compared period in percent."""

    metric: Metric
    value: Decimal | None
    change: Decimal | None


@dataclass(frozen=True)
class Day:
    """The numbers of one day."""

    date: date
    values: Values


@dataclass(frozen=True)
class Report:
    """Everything that a file says. `filters` are label and value of what was chosen, in words."""

    title: str
    clients: tuple[str, ...]
    currency: str
    period: Period
    compared: Period | None
    filters: tuple[tuple[str, str], ...]
    as_of: str
    made_at: datetime
    cards: tuple[Card, ...]
    days: tuple[Day, ...]
    sources: Table
    table: Table
    rankings: tuple[Table, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table but that of the days, in the order of reading."""
        return (self.sources, *self.rankings, self.table)

    @property
    def who(self) -> str:
        """The clients in one line."""
        return ", ".join(self.clients)

    @property
    def when(self) -> str:
        """The days in words."""
        return shown_as.days(self.period.start, self.period.end)

    @property
    def against(self) -> str | None:
        """The compared days in words."""
        return shown_as.days(self.compared.start, self.compared.end) if self.compared else None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The columns of every table."""
        return tuple(METRICS.values())

    def heading(self, metric: Metric) -> str:
        """The heading of a column."""
        return shown_as.headed(metric, self.currency)

    def shown(self, metric: Metric, value: Decimal | None, *, unit: bool = False) -> str:
        """A value as it is read: `9,200.57`, `–` for none."""
        if value is None:
            return shown_as.ABSENT
        return shown_as.shown(metric, value, self.currency) if unit else f"{value:,}"
