"""What a query may read: who asks, which state of the data, and the filters; and what those can choose from.

Whoever keeps an answer keeps it under its `Reading` or `Scope`, whole.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from serving.periods import Period
from serving.viewer import Viewer

Row = dict[str, Any]  # of an answer, by the names of its columns


@dataclass(frozen=True)
class Reading:
    """A viewer and the state of the marts that they read: part of every cache key, so nobody gets another's answer.

    `today` is the day (UTC) of the database's clock.
    """

    viewer: Viewer
    data_version: str
    today: date


@dataclass(frozen=True)
class Scope:
    """The filters of a view, resolved: `client_ids` and `sources` are named one by one, never "all".

    The clients are all billed in `currency`. No `campaign_ids` means every campaign; strategies and creatives likewise.
    `compared` is the period that deltas are taken against; None when there is none or when it has days before the first
    delivered one.
    """

    reading: Reading
    client_ids: tuple[str, ...]
    currency: str
    period: Period
    compared: Period | None
    sources: tuple[str, ...]
    campaign_ids: tuple[str, ...] = ()
    strategy_ids: tuple[str, ...] = ()
    creative_ids: tuple[str, ...] = ()

    @property
    def narrowed(self) -> dict[str, tuple[str, ...]]:
        """The levels of which some entities are chosen, and their ids."""
        chosen = {"campaign": self.campaign_ids, "strategy": self.strategy_ids, "creative": self.creative_ids}
        return {level: ids for level, ids in chosen.items() if ids}

    def over(self, period: Period) -> "Scope":
        """The same filters over other days."""
        return replace(self, period=period, compared=None)


@dataclass(frozen=True)
class Catalog:
    """What can be chosen: the viewer's clients with data and how far each source of theirs reaches. Never empty."""

    reading: Reading
    clients: list[Row]
    freshness: list[Row]

    def delivered(self, client_ids: tuple[str, ...], sources: tuple[str, ...]) -> Period:
        """From the first to the last delivered day of these; of all when these have none, of today when nobody has."""
        reached = [row for row in self.freshness if row["last_date"] is not None]
        chosen = [row for row in reached if row["client_id"] in client_ids and row["source"] in sources] or reached
        if not chosen:
            return Period(self.reading.today, self.reading.today)
        return Period(min(row["first_date"] for row in chosen), max(row["last_date"] for row in chosen))

    def chosen(self, client_ids: tuple[str, ...], sources: tuple[str, ...]) -> list[Row]:
        """How far each of these sources of these clients reaches."""
        return [row for row in self.freshness if row["client_id"] in client_ids and row["source"] in sources]


LEVELS = ("campaign", "strategy", "placement", "creative")
CHOSEN_LEVELS = ("campaign", "strategy", "creative")  # those that a filter chooses entities of
PLURALS = {"campaign": "campaigns", "strategy": "strategies", "placement": "placements", "creative": "creatives"}


@dataclass(frozen=True)
class Node:
    """One campaign, strategy, placement or creative of a client."""

    level: str
    id: str
    name: str
    client_id: str


def deeper(level: str) -> str | None:
    """The level below; None below a creative."""
    index = LEVELS.index(level) + 1
    return LEVELS[index] if index < len(LEVELS) else None


def levels_shown(level: str, inside: Node | None = None) -> tuple[str, ...]:
    """The levels that a table of a level names: its own and those above it, up to the opened entity."""
    above = LEVELS.index(inside.level) + 1 if inside else 0
    return LEVELS[above : LEVELS.index(level) + 1] or (level,)
