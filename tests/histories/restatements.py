"""How each day of one client came to be what it is: the rows of `metric_restatements`, from the order of events alone.

what happened, in order → the winner and the price of a day after each → what that changed, by cause

A newer delivery has two causes: what it says of creatives that it has, and the creatives that it lacks. `Moment.at` is
observed, nothing depends on it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.histories.events import MEASURES, Number, Rate, Reopen

if TYPE_CHECKING:
    from tests.histories.oracle import Oracle, Sums, Taken

CHANGED = (*MEASURES, "spend")
THOUSANDTH = Decimal("0.001")


@dataclass
class Moment:
    """A delivery begins to count, or prices change: `price` is what each day costs from then on."""

    what: "Taken | Rate | Reopen"
    price: Callable[[date], Decimal | None] | None = None
    at: datetime | None = None


@dataclass
class _Day:
    """A source's day as it stands: who gives it, at which price."""

    winner: "Taken | None" = None
    cpm: Decimal | None = None

    def sums(self, day: date) -> "Sums":
        """Its totals, None for what is unknown; nothing is known before the first delivery."""
        if self.winner is None:
            return dict.fromkeys(CHANGED)
        totals = self.winner.totals(day)
        impressions = totals["impressions"]
        priced = None if self.cpm is None or impressions is None else impressions * self.cpm * THOUSANDTH
        return totals | {"spend": priced}


def restatements(oracle: "Oracle") -> list[dict[str, Any]]:
    """Every step of every source and day; to be called where decimals are exact."""
    rows: list[dict[str, Any]] = []
    for source, day in sorted(oracle.winners()):
        rows += _steps(oracle, source, day)
    return rows


def _steps(oracle: "Oracle", source: str, day: date) -> Iterator[dict[str, Any]]:
    standing = _Day()
    step = 0
    for moment in oracle.moments:
        before, previous = standing.sums(day), standing.winner
        if isinstance(moment.what, Rate | Reopen):
            assert moment.price is not None
            standing.cpm = moment.price(day)
        elif _wins(moment.what, source, day, previous):
            standing.winner = moment.what
        if standing.winner is None:
            continue
        after = standing.sums(day)
        told = list(_causes(day, previous, standing, before, after))
        step += bool(told)
        for cause, changes in told:
            is_priced = cause == "cpm edit"
            yield {
                "client_id": oracle.client_id,
                "client_name": oracle.name,
                "source": source,
                "date": day,
                "step": step,
                "changed_at": moment.at,
                "cause": cause,
                "delivery_id": standing.winner.name,
                "previous_delivery_id": None if previous is None or is_priced else previous.name,
                "cpm": standing.cpm,
                "currency": oracle.currency,
                **{f"{name}_change": changes[name] for name in CHANGED},
                **after,
            }


def _wins(new: "Taken", source: str, day: date, current: "Taken | None") -> bool:
    return new.delivery.source == source and day in new.days and (current is None or new.order > current.order)


def _causes(
    day: date, previous: "Taken | None", standing: _Day, before: "Sums", after: "Sums"
) -> Iterator[tuple[str, dict[str, Number]]]:
    """The causes of one step that change anything, each with how much. What is unknown counts as zero."""
    whole = {name: (after[name] or 0) - (before[name] or 0) for name in CHANGED}
    is_known_otherwise = any((after[name] is None) is not (before[name] is None) for name in CHANGED)
    if previous is None:
        yield "first delivery", whole
    elif previous is standing.winner:
        if is_known_otherwise or any(whole.values()):
            yield "cpm edit", whole
    else:
        assert standing.winner is not None
        gone = _vanished(day, previous, standing.winner, standing.cpm)
        said = {name: whole[name] + gone[name] for name in CHANGED}
        if is_known_otherwise or any(said.values()):
            yield "newer delivery", said
        if any(gone.values()):
            yield "vanished rows", {name: -gone[name] for name in CHANGED}


def _vanished(day: date, old: "Taken", new: "Taken", cpm: Decimal | None) -> dict[str, Number]:
    """What the old delivery said of creatives that the new one does not have on this day."""
    from tests.histories.oracle import normal_path

    there = {normal_path(row.names) for row in new.rows if row.day == day}
    gone = [row for row in old.rows if row.day == day and normal_path(row.names) not in there]
    sums: dict[str, Number] = {name: sum(row.measures[at] or 0 for row in gone) for at, name in enumerate(MEASURES)}
    return sums | {"spend": sums["impressions"] * (cpm or 0) * THOUSANDTH}
