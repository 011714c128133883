"""How far the data reaches, and whether a source of a client is on time. Pure: readers only show what this decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

ON_TIME, STALE, HELD, PENDING, NO_DATA, DISABLED = "On time", "Stale", "Held", "Pending", "No data", "Disabled"
COLOURS = {ON_TIME: "green", STALE: "red", HELD: "orange", PENDING: "gray", NO_DATA: "red", DISABLED: "gray"}


@dataclass(frozen=True)
class Timeliness:
    """What is to say about one source of one client. `days_behind` is None without any delivered day."""

    client_name: str
    source: str
    days_behind: int | None
    states: tuple[str, ...]

    @property
    def is_late(self) -> bool:
        """Whether its newest day is older than it should be."""
        return STALE in self.states or NO_DATA in self.states


def judge(row: dict[str, Any], is_active: bool, today: date, late_after_days: Mapping[str, int]) -> Timeliness:
    """Judge one row of `data_freshness`; `late_after_days` says of each source how far its newest day may lie behind.

    A disabled client is never late, because nothing is loaded for it any more, nor a source of which that is not said.
    """
    last = row["last_date"]
    behind = None if last is None else max((today - last).days, 0)
    states = []
    if not is_active:
        states.append(DISABLED)
    elif behind is None:
        states.append(NO_DATA)
    elif behind > late_after_days.get(row["source"], behind):
        states.append(STALE)
    if row["held_deliveries"]:
        states.append(HELD)
    if row["pending_deliveries"]:
        states.append(PENDING)
    return Timeliness(row["client_name"], row["source"], behind, tuple(states) or (ON_TIME,))


def judge_all(
    freshness: list[dict[str, Any]], clients: list[dict[str, Any]], today: date, late_after_days: Mapping[str, int]
) -> list[Timeliness]:
    """Judge every row, in its order, as `judge` does."""
    active = {row["client_id"]: row["is_active"] for row in clients}
    return [judge(row, active.get(row["client_id"], True), today, late_after_days) for row in freshness]


def reached(freshness: Sequence[dict[str, Any]]) -> tuple[date | None, datetime | None]:
    """The last delivered day and the time of the last delivery, of rows of `data_freshness`."""
    last_days = [row["last_date"] for row in freshness if row["last_date"] is not None]
    deliveries = [row["last_delivered_at"] for row in freshness if row["last_delivered_at"] is not None]
    return max(last_days, default=None), max(deliveries, default=None)
