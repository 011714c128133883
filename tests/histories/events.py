"""What can happen to one client, as plain data in the words of the sources: nothing is decided here.

A history is a client and its rounds; a round is what happens between two looks at the warehouse. In a round months are
closed first, then come deliveries, and a torn one is the only one of its source.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

SOURCES = ("surfside", "vibe", "facebook")
LEVELS = ("campaign", "strategy", "placement", "creative")
MEASURES = ("impressions", "clicks", "conversions", "conversion_revenue", "reported_spend")

Number = int | Decimal
Names = tuple[str, str, str, str]  # campaign, strategy, placement, creative


@dataclass(frozen=True, slots=True)
class Row:
    """One row as delivered. `measures` are in the order of MEASURES, None where the file has no such column.

    A row that is not readable has a cell that no reader can use; its day can be read.
    """

    day: date
    names: Names
    measures: tuple[Number | None, ...]
    is_readable: bool = True


@dataclass(frozen=True)
class Delivery:
    """One file or report. `data` are its bytes and `rows` what they say; `number` counts the client's deliveries.

    `requested` are the days that a report was asked for, None for a file. `is_guarded`: an upload of which nobody says
    how it stands to earlier ones. `is_torn`: the loader died while writing it.
    """

    number: int
    source: str
    data: bytes
    rows: tuple[Row, ...]
    measures: frozenset[str]
    as_of: datetime
    requested: tuple[date, ...] | None = None
    has_total_row: bool = False
    is_guarded: bool = False
    is_torn: bool = False

    def __str__(self) -> str:
        span = "asked for" if self.requested is not None else "a file of"
        days = self.requested if self.requested is not None else sorted({row.day for row in self.rows})
        unreadable = sum(not row.is_readable for row in self.rows)
        notes = [
            f"{len(self.rows)} rows" + (f", {unreadable} unreadable" if unreadable else ""),
            *(f"no {name}" for name in MEASURES if name not in self.measures),
            *(["guarded"] if self.is_guarded else []),
            *(["torn"] if self.is_torn else []),
        ]
        return (
            f"delivery {self.number} of {self.source}, as of {self.as_of:%Y-%m-%d %H:%M}, {span} {_runs(days)}: "
            + ", ".join(notes)
        )


@dataclass(frozen=True)
class Verdict:
    """The checks judge a delivery, if it was loaded and nobody has released it."""

    delivery: int
    says: Literal["passed", "held"]

    def __str__(self) -> str:
        return f"delivery {self.delivery} is {'let through by' if self.says == 'passed' else 'held by'} its checks"


@dataclass(frozen=True)
class Release:
    """A person lets a delivery through, if it is held."""

    delivery: int

    def __str__(self) -> str:
        return f"delivery {self.delivery} is released by name"


@dataclass(frozen=True)
class Rate:
    """From this day on a thousand impressions cost `cpm`, until the next rate; one of the same day is replaced.

    `adjust`: what it means for closed months is booked, on `today`; otherwise it is refused where it means something.
    """

    effective: date
    cpm: Decimal
    adjust: bool = False
    today: date = date.min

    def __str__(self) -> str:
        booked = f", booked {self.today} where a month is closed" if self.adjust else ""
        return f"the CPM is {self.cpm} from {self.effective} on{booked}"


@dataclass(frozen=True)
class Close:
    """A month, named by its first day, is closed if it is over and settled; before anything arrives in the round."""

    month: date
    today: date

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} is closed on {self.today}"


@dataclass(frozen=True)
class Reopen:
    """A month is opened again, if it is closed."""

    month: date
    today: date

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} is opened again on {self.today}"


@dataclass(frozen=True)
class Rename:
    """The client is called something else."""

    name: str

    def __str__(self) -> str:
        return f"the client is renamed {self.name!r}"


@dataclass(frozen=True)
class Disable:
    """Nothing more is loaded for the client by itself; what was delivered stays."""

    def __str__(self) -> str:
        return "the client is disabled"


Event = Delivery | Verdict | Release | Rate | Close | Reopen | Rename | Disable


@dataclass(frozen=True)
class History:
    """One client and everything that happens to it, round by round.

    `campaign` is the client's rule for Surfside files without a campaign. `seed` makes the same history again.
    """

    seed: int
    client_id: str
    name: str
    currency: str
    first_rate: Rate
    rounds: tuple[tuple[Event, ...], ...]
    campaign: str | None = None

    def words(self, rounds: int | None = None) -> Iterator[str]:
        """The history up to a round as lines to read."""
        yield f"{self.client_id} bills in {self.currency}; {self.first_rate}"
        for number, events in enumerate(self.rounds[:rounds], start=1):
            yield from (f"round {number}: {event}" for event in events)


def _runs(days: "tuple[date, ...] | list[date]") -> str:
    """Days as spans: 2024-02-27..2024-03-01, 2024-03-04."""
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and (day - spans[-1][1]).days == 1:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return ", ".join(str(first) if first == last else f"{first}..{last}" for first, last in spans) or "no day"
