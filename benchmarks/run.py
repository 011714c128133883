"""One run: its steps in order, each with a line of progress; what was measured is kept in the home, step by step.

A home that is given again goes on where it ended. What can be measured again is, when it is asked for by name.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import day, history, queries, stretch
from benchmarks.floor import floor
from benchmarks.peer import peer
from benchmarks.sizes import Size
from benchmarks.world import World, world
from warehouse.errors import PaidMediaError

Tell = Callable[[str], None]
KINDS = ("day", "floor", "correction", "peer", "nothing", "upload", "queries", "pages")
NEED_EVERY_DAY = frozenset(("nothing", "upload", "queries", "pages"))
AGAIN = frozenset(("floor", "peer", "nothing", "upload", "queries", "pages"))  # what is the same at any later time
OWN_TABLES = frozenset(("floor", "peer"))  # what needs no marts
MINUTES = {"day": 4.0, "floor": 1.0, "correction": 1.5, "peer": 4.0, "nothing": 1.0, "upload": 1.5, "queries": 2.0,
           "pages": 20.0}  # fmt: skip
MINUTES_PER_HISTORY_DAY = 1.6


@dataclass(frozen=True)
class Step:
    """One step. `minutes` is its share of the whole, about, in the full form; `level` the days of history it needs."""

    kind: str
    name: str
    minutes: float
    level: int
    work: Callable[[World, Tell], Any]


class Figures:
    """What was measured so far, by step, in a file of the home."""

    def __init__(self, path: Path, size: Size) -> None:
        self._path = path
        kept = json.loads(path.read_text()) if path.exists() else {"rows": size.rows, "days": size.days, "steps": {}}
        if (kept["rows"], kept["days"]) != (size.rows, size.days):
            where = f"it has {kept['rows']:,} rows a day and {kept['days']} days"
            raise PaidMediaError("this home belongs to another size", where=where, fix="choose another --home")
        self._rows, self._days = size.rows, size.days
        self.steps: dict[str, Any] = kept["steps"]

    def keep(self, name: str, figures: Any) -> None:
        """Remember a step's figures."""
        self.steps[name] = figures
        whole = self._path.with_suffix(".new")
        whole.write_text(json.dumps({"rows": self._rows, "days": self._days, "steps": self.steps}, indent=1))
        whole.replace(self._path)


def run(size: Size, home: Path | None, only: Collection[str], tell: Tell) -> dict[str, Any]:
    """Do what is asked for and not done yet; returns the figures by step. Raises `PaidMediaError` on a wrong number."""
    with world(size, home) as started:
        figures = Figures(started.folder / "figures.json", size)
        wanted = [step for step in steps(size) if _is_wanted(step, only, figures.steps)]
        if stretch.is_stretched(started) and {step.kind for step in wanted} - {"pages"}:
            raise PaidMediaError("the marts of this home were stretched, for pages only", fix="choose another --home")
        done, total, begun = 0.0, sum(step.minutes for step in wanted), time.monotonic()
        for number, step in enumerate(wanted, start=1):
            left = (time.monotonic() - begun) / done * (total - done) / 60 if done else total * size.rows / 1_500_000
            tell(f"[{number}/{len(wanted)}] {step.name} (about {left:.0f} min to go)")
            at = time.monotonic()
            found = step.work(started, tell)
            if step.kind != "history":
                figures.keep(step.name, found)
            tell(f"    {time.monotonic() - at:.0f} s")
            done += step.minutes
        if {step.kind for step in wanted} - OWN_TABLES:
            tell(f"every number is right: {day.check(started):,} slices of {size.days} days compared")
        return figures.steps


def steps(size: Size) -> Iterator[Step]:
    """Every step of a run, in order."""
    before = 0
    for level in size.levels:
        if between := size.dates[before : level - 1]:
            minutes = MINUTES_PER_HISTORY_DAY * len(between)
            yield Step("history", f"history up to {level} days", minutes, level, partial(_fill, between))
        when = size.dates[level - 1]
        yield _step("day", f"day {level}", level, partial(_day, when))
        yield _step("floor", f"floor {level}", 0, partial(_floor, when))
        yield _step("correction", f"correction {level}", level, partial(_corrections, when))
        if level == 1:
            yield _step("peer", "peer", 0, partial(_peer, when))
        before = level
    yield _step("nothing", "nothing", size.days, _nothing)
    yield _step("upload", "upload", size.days, _uploads)
    yield _step("queries", "queries while idle", size.days, _idle)
    yield _step("queries", "queries while building", size.days, _building)
    if size.people:
        yield _step("pages", "pages", size.days, _pages)


def _step(kind: str, name: str, level: int, work: Callable[[World, Tell], Any]) -> Step:
    return Step(kind, name, MINUTES[kind], level, work)


def _is_wanted(step: Step, only: Collection[str], done: Collection[str]) -> bool:
    """Whether a step is asked for, or needed by one that is, and not there yet."""
    chosen = set(only or KINDS)
    if step.kind == "history" or (step.kind == "day" and "day" not in chosen):
        days_needed = chosen & NEED_EVERY_DAY or chosen & {"day", "correction"}
        return bool(days_needed) and f"day {step.level}" not in done
    if step.kind not in chosen:
        return False
    return step.name not in done or (bool(only) and step.kind in AGAIN)


def _fill(days: Sequence[date], world: World, tell: Tell) -> None:
    history.fill(world, days, lambda line: tell(f"    {line}"))


def _day(when: date, world: World, tell: Tell) -> day.Figures:
    """A day, from its beginning: what an earlier run has left of it is taken out first."""
    if not world.expected.slices:
        tell("    first build")  # the tables of an empty warehouse, and a first use of everything
        day.build(world, "first build")
    if history.is_begun(world, when):
        tell(f"    {when} was begun before: taking it out")
        history.forget(world, when)
        day.build(world, "build without the day")
    return day.day(world, when)


def _floor(when: date, world: World, _: Tell) -> day.Figures:
    return floor(world, when)


def _peer(when: date, world: World, _: Tell) -> day.Figures:
    return peer(world, when)


def _corrections(when: date, world: World, _: Tell) -> list[day.Figures]:
    return [day.correction(world, when) for _number in range(world.size.repeats)]


def _nothing(world: World, _: Tell) -> list[day.Figures]:
    return [day.nothing_changed(world) for _number in range(world.size.repeats)]


def _uploads(world: World, _: Tell) -> list[day.Figures]:
    return [day.upload(world, number) for number in range(world.size.repeats)]


def _idle(world: World, _: Tell) -> day.Figures:
    return queries.while_idle(world)


def _building(world: World, _: Tell) -> day.Figures:
    return queries.while_building(world)


def _pages(world: World, tell: Tell) -> day.Figures:
    from benchmarks import pages  # needs a browser, which nothing else does

    return pages.measure(world, tell)
