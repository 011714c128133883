"""What must be true of one client after everything that happened so far, by the meaning of the numbers alone.

events → deliveries that count → the winner of each day → names normalised, rows summed to the grain, priced

Plain Python and the standard library: nothing of the project is imported, so that both can only agree by being right.
Sums and prices are exact `Decimal`s, or the context raises. `rollups` adds the facts up to the marts.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Literal

from tests.histories.closing import EXACT, THOUSANDTH, Prices
from tests.histories.events import (
    MEASURES,
    Close,
    Delivery,
    Disable,
    Event,
    History,
    Names,
    Number,
    Rate,
    Release,
    Rename,
    Reopen,
    Row,
    Verdict,
)
from tests.histories.restatements import Moment

Sums = dict[str, Number | None]  # by measure, and "spend"

REJECT_SHARE = Decimal("0.4")  # a file with a larger share of unreadable rows is refused as a whole


@dataclass
class Taken:
    """A delivery that is in the warehouse, with the days that it speaks for and its usable rows.

    `place` orders arrivals. `arrived_at` is what the clock said then, and `name` its id: both are observed, nothing
    depends on them.
    """

    delivery: Delivery
    place: int
    days: tuple[date, ...]
    rows: list[Row]
    verdict: Literal["passed", "held", "released"] | None = None
    arrived_at: datetime | None = None
    name: str | None = None

    @property
    def order(self) -> tuple[datetime, int]:
        """The greatest wins a day: the latest as-of, of equal ones the later arrival."""
        return self.delivery.as_of, self.place

    @property
    def counts(self) -> bool:
        """Whether its rows may be read."""
        return self.verdict in ("passed", "released")

    def totals(self, day: date) -> Sums:
        """What it says of a whole day: zeros for an empty one, None for a measure that it lacks."""
        there = [row for row in self.rows if row.day == day]
        return {
            name: sum((row.measures[at] or 0 for row in there), 0) if name in self.delivery.measures else None
            for at, name in enumerate(MEASURES)
        }


@dataclass(frozen=True, slots=True)
class Fact:
    """What one creative delivered on one day, and its price."""

    source: str
    day: date
    path: Names
    cpm: Decimal | None
    sums: Sums


class Oracle:
    """Events of one client → what is true of it. `taken` are the deliveries in the warehouse, by their number.

    `publish` notes that a build has shown what is true now: months are closed and adjusted on what is published.
    """

    def __init__(self, history: History) -> None:
        self.client_id, self.currency = history.client_id, history.currency
        self.name, self.is_active = history.name, True
        self.taken: dict[int, Taken] = {}
        self.prices = Prices()
        self.moments: list[Moment] = []  # all that could change a number, in order
        self.happen(history.first_rate)

    def happen(self, event: Event) -> str | None:
        """Take note of an event; of a delivery, a rate and a closing, say what becomes of it."""
        match event:
            case Delivery():
                return self._deliver(event)
            case Verdict(number, says):
                if number in self.taken and self.taken[number].verdict != "released":
                    self._judge(self.taken[number], says)
            case Release(number):
                if number in self.taken and self.taken[number].verdict == "held":
                    self._judge(self.taken[number], "released")
            case Rate():
                return self._priced(event, self.prices.enter(event))
            case Close(month, today):
                return self.prices.close(month, today, self._rests_on(), self._is_undecided(month))
            case Reopen(month, today):
                return self._priced(event, self.prices.reopen(month, today))
            case Rename(name):
                self.name = name
            case Disable():
                self.is_active = False
        return None

    def _priced(self, event: Rate | Reopen, outcome: str) -> str:
        if outcome != "refused":
            self.moments.append(Moment(event, self.prices.frozen()))
        return outcome

    def publish(self) -> None:
        """A build has published what is true now."""
        impressions: dict[date, int] = {}
        for fact in self.facts():
            impressions[fact.day] = impressions.get(fact.day, 0) + int(fact.sums["impressions"] or 0)
        self.prices.publish(self._rests_on(), impressions)

    def _rests_on(self) -> dict[tuple[str, date], tuple[int, Decimal | None]]:
        """(source, day) → the delivery and the price that its numbers rest on now."""
        return {key: (taken.delivery.number, self.cpm(key[1])) for key, taken in self.winners().items()}

    def _is_undecided(self, month: date) -> bool:
        """Whether a delivery that is held or not judged would win a day of the month."""
        winners = self.winners()
        return any(
            (source, day) not in winners or winners[source, day].order < taken.order
            for taken in self.taken.values()
            if not taken.counts
            for source in [taken.delivery.source]
            for day in taken.days
            if day.replace(day=1) == month
        )

    def winners(self) -> dict[tuple[str, date], Taken]:
        """(source, day) → the delivery whose rows of that day are the truth."""
        found: dict[tuple[str, date], Taken] = {}
        for taken in self.taken.values():
            for day in taken.days if taken.counts else ():
                key = taken.delivery.source, day
                if key not in found or taken.order > found[key].order:
                    found[key] = taken
        return found

    def facts(self) -> list[Fact]:
        """Each creative's day: several rows of one name are added up, the client's own rate of the day prices them."""
        facts: list[Fact] = []
        with localcontext(EXACT):
            for (source, day), taken in sorted(self.winners().items(), key=lambda item: item[0]):
                groups: dict[Names, list[Row]] = {}
                for row in taken.rows:
                    if row.day == day:
                        groups.setdefault(normal_path(row.names), []).append(row)
                cpm = self.cpm(day)
                for path, rows in groups.items():
                    sums: Sums = {name: added(row.measures[at] for row in rows) for at, name in enumerate(MEASURES)}
                    impressions = sums["impressions"]
                    assert impressions is not None, "every file counts impressions"
                    sums["spend"] = None if cpm is None else impressions * cpm * THOUSANDTH
                    facts.append(Fact(source, day, path, cpm, sums))
        return facts

    def cpm(self, day: date) -> Decimal | None:
        """What the day costs."""
        return self.prices.of(day)

    def _deliver(self, new: Delivery) -> Literal["loaded", "duplicate", "refused", "torn"]:
        usable = [row for row in new.rows if _is_usable(row, new.requested)]
        unusable = len(new.rows) - len(usable)
        if (new.requested is None and not new.rows) or unusable > REJECT_SHARE * len(new.rows):
            return "refused"
        taken = Taken(new, len(self.taken), _declared(new, usable), usable)
        if self._is_known(taken):
            return "duplicate"
        if new.is_guarded and self._may_be_old(taken):
            return "refused"
        if new.is_torn:
            return "torn"
        self.taken[new.number] = taken
        return "loaded"

    def _judge(self, taken: Taken, verdict: Literal["passed", "held", "released"]) -> None:
        if verdict != "held" and not taken.counts:
            self.moments.append(Moment(taken))
        taken.verdict = verdict

    def _is_known(self, new: Taken) -> bool:
        """The same bytes speak for the same days, and nothing newer has spoken of these days since.

        Of a guarded upload nobody says that the source went back to what it said before: it is known in any case.
        """
        peers = self._peers(new.delivery.source)
        for known in peers:
            if known.delivery.data == new.delivery.data and known.days == new.days:
                newer = any(other.order > known.order and set(other.days) & set(known.days) for other in peers)
                if new.delivery.is_guarded or not newer:
                    return True
        return False

    def _may_be_old(self, new: Taken) -> bool:
        """Whether it ends before the end of what gives one of its days now, and says something else of that day."""
        for day in new.days:
            speaking = [
                known for known in self._peers(new.delivery.source) if day in known.days and known.verdict != "held"
            ]
            current = max(speaking, key=lambda known: known.order, default=None)
            if current and max(current.days) > max(new.days) and current.totals(day) != new.totals(day):
                return True
        return False

    def _peers(self, source: str) -> list[Taken]:
        return [taken for taken in self.taken.values() if taken.delivery.source == source]


def added(values: Iterable[Number | None]) -> Number | None:
    """The sum of what is known; None when nothing is. To be called where decimals are exact."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def normal_path(names: Names) -> Names:
    """Names as keys: Unicode NFC, trimmed, white space collapsed, case kept; a blank one is '(not set)'."""
    campaign, strategy, placement, creative = (
        " ".join(unicodedata.normalize("NFC", name).split()) or "(not set)" for name in names
    )
    return campaign, strategy, placement, creative


def _is_usable(row: Row, requested: Sequence[date] | None) -> bool:
    return row.is_readable and (requested is None or row.day in requested)


def _declared(new: Delivery, usable: Sequence[Row]) -> tuple[date, ...]:
    """The days that it speaks for: those that were asked for, of a file those that occur in it.

    Not a day all of whose rows are unusable: it was not empty, and nobody knows what it said.
    """
    known = {row.day for row in usable}
    unknown = {row.day for row in new.rows} - known
    return tuple(sorted(known if new.requested is None else set(new.requested) - unknown))
