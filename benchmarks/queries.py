"""What readers wait for: the app's own queries over the whole history, while nothing builds and while a build runs.

The five are what the pages open with: the totals, the trend, the sources and the campaigns of Overview, the weeks of
Summaries. The creatives of a campaign, which are read from the rows of every creative and day, are timed beside them.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import cycle
from statistics import quantiles
from threading import Thread
from typing import Any

from benchmarks.commands import ended_with_us
from benchmarks.day import build, check
from benchmarks.world import World
from serving import queries
from serving.periods import Period, preset
from serving.scope import Node, Reading, Scope
from serving.viewer import Viewer
from warehouse.access import users
from warehouse.clients import clients
from warehouse.postgres import database

Query = Callable[[Scope], object]
Timings = dict[str, list[float]]

FIVE: Mapping[str, Query] = {
    "totals": queries.totals,
    "trend": queries.trend,
    "by source": queries.by_source,
    "campaigns": lambda scope: queries.breakdown(scope, "campaign", None, "spend", 10),
    "weeks": lambda scope: queries.summaries(scope, "week", 26),
}
READER = "reader@agency.example"
PAUSE_SECONDS = 0.25  # between two page views: a reader that never pauses would take a processor from the build
PRESETS = ("last_7_days", "last_30_days", "this_month", "all")


def while_idle(world: World) -> dict[str, Any]:
    """Each query so many times, over changing clients and periods, while nothing else runs."""
    timings = _timed(world, iter(range(world.size.query_calls)))
    return {name: _figures(seconds) for name, seconds in timings.items()}


def while_building(world: World) -> dict[str, Any]:
    """The same from the beginning to the end of a build that makes the last day of every client anew.

    A new rate from the last day on changes every row of that day, and no raw row.
    """
    last = world.size.dates[-1]
    cpm = _new_rate(world, last)
    builder = _Builder(world)
    with ended_with_us():
        builder.start()
        timings = _timed(world, builder.rounds())
        world.expected.price(cpm, last)
        seconds = builder.seconds()
    check(world, last)
    return {name: _figures(found) for name, found in timings.items()} | {"build_seconds": seconds}


class _Builder(Thread):
    """A build beside the queries."""

    def __init__(self, world: World) -> None:
        super().__init__(name="build beside queries")
        self._world, self._seconds = world, 0.0
        self._error: Exception | None = None

    def run(self) -> None:
        """Build; what goes wrong is kept for whoever asks for the seconds."""
        try:
            self._seconds = build(self._world, "build beside queries").wall
        except Exception as error:
            self._error = error

    def rounds(self) -> Iterator[int]:
        """Rounds of queries for as long as it builds."""
        number = 0
        while self.is_alive():
            yield number
            number += 1

    def seconds(self) -> float:
        """How long the build took. Raises what it raised."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._seconds


def _timed(world: World, rounds: Iterator[int]) -> Timings:
    """Seconds of each call; each round asks every query once, and the scope of each round is another."""
    scopes = _scopes(world)
    creatives = {"creatives of a campaign": _creatives(world)}
    timings: Timings = {name: [] for name in (*FIVE, *creatives)}
    for _, scope in zip(rounds, cycle(scopes), strict=False):
        for name, query in {**FIVE, **creatives}.items():
            started = time.monotonic()
            found = query(scope)
            timings[name].append(time.monotonic() - started)
            assert found, f"{name} found nothing"
        time.sleep(PAUSE_SECONDS)
    return timings


def _analyst(world: World) -> Viewer:
    """Somebody who sees every client; Postgres knows them by their number."""
    with database.session(world.settings) as current:
        if READER not in {user.email for user, _ in users.list_users(current)}:
            users.add_user(current, READER, role="analyst")
        return Viewer(users.get_user(current, READER).user_id, READER, "analyst", None)


def _scopes(world: World) -> list[Scope]:
    """Every client alone and all of them together, over the presets of the date filter."""
    reading = queries.reading(_analyst(world))
    assert reading is not None
    delivered = Period(world.size.dates[0], world.size.dates[-1])
    everyone = tuple(world.size.client_ids)
    chosen = [(client_id,) for client_id in everyone] + [everyone]
    return [
        Scope(reading, client_ids, "USD", preset(name, delivered), None, ("surfside", "vibe", "facebook"))
        for client_ids in chosen
        for name in PRESETS
    ]


def _creatives(world: World) -> Query:
    """The first creatives of one campaign of one client, over the days of the scope."""
    client_id = world.size.client_ids[0]
    reading = queries.reading(_analyst(world))
    assert isinstance(reading, Reading)
    found = queries.campaigns(reading, (client_id,), ("vibe",))[0]
    node = Node("campaign", found["campaign_id"], found["campaign_name"], client_id)

    def query(scope: Scope) -> object:
        narrowed = Scope(reading, (client_id,), "USD", scope.period, None, ("vibe",), (node.id,))
        return queries.breakdown(narrowed, "creative", node, "spend", 500)

    return query


def _new_rate(world: World, since: date) -> Decimal:
    with database.session(world.settings) as current:
        rates = clients.cpm_history(current, world.size.client_ids[0])
        cpm = Decimal(rates[-1].cpm) + Decimal("0.25")
        for client_id in world.size.client_ids:
            clients.set_cpm(current, client_id, cpm=cpm, effective_date=since)
    return cpm


def _figures(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, and the number of calls."""
    cuts = quantiles([each * 1_000 for each in seconds], n=20, method="inclusive") if len(seconds) > 1 else []
    p50, p95 = (cuts[9], cuts[18]) if cuts else (seconds[0] * 1_000,) * 2
    return {"p50_ms": p50, "p95_ms": p95, "calls": len(seconds)}
