"""Where the wall time of side-by-side work goes: each moment is shared equally by the stages at work in it.

So the seconds of the stages add up to the wall time, whatever ran beside what.
"""

from collections.abc import Iterable
from dataclasses import dataclass

REST = "Dagster and the rest"


@dataclass(frozen=True)
class Interval:
    """A stage at work; `start` and `end` are Unix seconds."""

    stage: str
    start: float
    end: float


def shared(intervals: Iterable[Interval], start: float, end: float) -> dict[str, float]:
    """Seconds per stage between `start` and `end`; moments without a stage are REST. They add up to `end - start`."""
    inside = [
        Interval(each.stage, max(each.start, start), min(each.end, end))
        for each in intervals
        if each.end > start and each.start < end and each.end > each.start
    ]
    changes = sorted([(each.start, 1, each.stage) for each in inside] + [(each.end, -1, each.stage) for each in inside])
    seconds: dict[str, float] = {}
    active: dict[str, int] = {}
    moment = start
    for at, change, stage in [*changes, (end, 0, REST)]:
        running = sum(active.values())
        for name, count in active.items():
            seconds[name] = seconds.get(name, 0.0) + (at - moment) * count / running
        if not running:
            seconds[REST] = seconds.get(REST, 0.0) + at - moment
        moment = at
        if change:
            active[stage] = active.get(stage, 0) + change
            if not active[stage]:
                del active[stage]
    return seconds


def covered(intervals: Iterable[Interval], start: float, end: float) -> float:
    """The seconds between `start` and `end` in which at least one of the intervals is at work."""
    return (end - start) - shared(intervals, start, end).get(REST, 0.0)
