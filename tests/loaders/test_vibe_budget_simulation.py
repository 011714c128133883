"""Weeks of an account that 50 clients share, in minutes: the budget holds, and everyone is served.

The clients are threads that run the loader's own `reserve` against Postgres. Their time is simulated: exactly one of
them runs, and whoever waits hands over to the one whose moment comes first.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from threading import Semaphore, Thread
from typing import Any

import pytest

from loaders.registry import source_of
from loaders.results import silent
from loaders.transports.report_api.clock import Clock
from loaders.transports.report_api.requests import WINDOW, reserve
from tests.sizes import cases, report
from warehouse.settings import Settings

HOURS = cases(16, 1_000)
START = datetime(2025, 11, 4, tzinfo=UTC)
END = START + timedelta(hours=HOURS)
DAY = date(2025, 11, 4)
CLIENTS = 50
LIMIT = 15
GREEDY = 6  # clients that always want another report: no create is ever left over, and none is free at once
FRAIL = 3  # clients that are killed long before a create could come
BACKFILL = 9  # reports of 400 days
LIFE = 3_600.0  # mean seconds of a process; the queue of a morning is three to four hours long
FRAIL_LIFE = 90.0  # of a frail one; the greedy ones alone are a queue of 24 minutes
BETWEEN_OUTAGES = 10 * 3_600.0  # mean seconds until all are killed at once


class Killed(BaseException):
    """The process of a client ends."""


class Over(BaseException):
    """The simulation ends."""


@dataclass
class Simulation:
    """Time, and whose turn it is."""

    now: datetime = START
    is_over: bool = False
    turns: list[tuple[datetime, int, Semaphore]] = field(default_factory=list)
    numbers: count = field(default_factory=count)
    ended: Semaphore = field(default_factory=lambda: Semaphore(0))

    def wait_until(self, moment: datetime) -> None:
        """Let others run until then."""
        mine = self.enter(moment)
        self.hand_over()
        mine.acquire()
        if self.is_over:
            raise Over

    def enter(self, moment: datetime) -> Semaphore:
        mine = Semaphore(0)
        heapq.heappush(self.turns, (max(moment, self.now), next(self.numbers), mine))
        return mine

    def hand_over(self) -> None:
        """Wake the one whose moment is next, or the test if there is none before the end."""
        if self.turns and self.turns[0][0] < END:
            self.now, _, turn = heapq.heappop(self.turns)
            turn.release()
        else:
            self.now = END
            self.ended.release()

    def finish(self) -> None:
        self.is_over = True
        for _, _, turn in self.turns:
            turn.release()


@dataclass
class SimulatedClient:
    """One client: every morning one report, now and then a backfill; killed at random moments and started again."""

    client_id: str
    is_greedy: bool
    life: float
    simulation: Simulation
    settings: Settings
    outages: list[datetime]
    random: Random
    asked_at: datetime | None = None
    waits: list[timedelta] = field(default_factory=list)
    kills: int = 0
    failure: Exception | None = None

    def run(self, turn: Semaphore) -> None:
        """The life of the client; `turn` is its first."""
        turn.acquire()
        try:
            for morning in (START + timedelta(days=day, hours=6) for day in count()):
                self.simulation.wait_until(morning)
                reports = BACKFILL if self.random.random() < 0.1 else 1
                while reports or (self.is_greedy and self.simulation.now < morning + timedelta(hours=23)):
                    self.report()
                    reports = max(reports - 1, 0)
        except Over:
            return
        except Exception as error:
            self.failure = error
            self.simulation.hand_over()

    def report(self) -> None:
        """Get one report, however often the process is killed before that or between budget and API."""
        self.asked_at = self.simulation.now
        while True:
            clock = Clock(now=lambda: self.simulation.now, sleep=self.sleeper())
            try:
                reserve(self.settings, source_of("vibe"), "shared", self.client_id, DAY, DAY, clock=clock, tell=silent)
                if self.random.random() >= 0.02:
                    break
            except Killed:
                self.kills += 1
            self.simulation.wait_until(self.simulation.now + timedelta(seconds=self.random.uniform(1, 900)))
        self.waits.append(self.simulation.now - self.asked_at)
        self.asked_at = None
        self.simulation.wait_until(self.simulation.now + timedelta(seconds=self.random.uniform(15, 60)))

    def sleeper(self) -> Callable[[float], None]:
        """How a process of this client sleeps: until its end, if that comes first."""
        end = self.simulation.now + timedelta(seconds=self.random.expovariate(1 / self.life))
        end = min([end, *(outage for outage in self.outages if outage > self.simulation.now)])

        def sleep(seconds: float) -> None:
            awake = self.simulation.now + timedelta(seconds=seconds)
            self.simulation.wait_until(min(awake, end))
            if end <= awake:
                raise Killed

        return sleep

    @property
    def longest_wait(self) -> timedelta:
        """The longest between asking and being served, one that is not over included."""
        unserved = [END - self.asked_at] if self.asked_at else []
        return max([*self.waits, *unserved])


def simulate(settings: Settings, client_ids: list[str], seed: int) -> list[SimulatedClient]:
    random = Random(seed)
    simulation, outages, moment = Simulation(), [], START
    while moment < END:
        moment += timedelta(seconds=random.expovariate(1 / BETWEEN_OUTAGES))
        outages.append(moment)
    clients = [
        SimulatedClient(
            client_id,
            is_greedy=number < GREEDY,
            life=FRAIL_LIFE if number >= CLIENTS - FRAIL else LIFE,
            simulation=simulation,
            settings=settings,
            outages=outages,
            random=Random(random.random()),
        )
        for number, client_id in enumerate(client_ids)
    ]
    threads = [Thread(target=client.run, args=(simulation.enter(START),), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    simulation.hand_over()
    simulation.ended.acquire()
    simulation.finish()
    for thread in threads:
        thread.join(60)
    return clients


@pytest.mark.heavy
@pytest.mark.torture
def test_fifty_clients_share_the_budget_for_weeks_and_each_is_served_within_a_day(
    settings: Settings, new_client: Callable[..., str], ask: Callable[..., list[Any]]
) -> None:
    settings = settings.model_copy(update={"vibe_creates_per_hour": LIMIT})
    clients = simulate(settings, [new_client() for _ in range(CLIENTS)], seed=20_251_104)
    assert [client.failure for client in clients if client.failure] == []
    sent = [row[0] for row in ask("select requested_at from control.vibe_report_requests order by 1")]
    for earlier, later in zip(sent, sent[LIMIT:], strict=False):
        assert later - earlier >= WINDOW
    longest = max(clients, key=lambda client: client.longest_wait)
    kills, reports = sum(client.kills for client in clients), sum(len(client.waits) for client in clients)
    report(
        f"hours of the Vibe budget, {CLIENTS} clients",
        HOURS,
        creates=len(sent),
        reports=reports,
        kills=kills,
        longest_wait=longest.longest_wait,
    )
    assert longest.longest_wait <= timedelta(days=1), longest.client_id
    # A place in the queue outlives the process: who is killed all the time waits hardly longer than the others.
    sturdy, frail = (max(client.longest_wait for client in some) for some in (clients[:-FRAIL], clients[-FRAIL:]))
    assert frail <= 2 * sturdy
    days = HOURS // 24
    assert all(len(client.waits) >= days for client in clients)
    # The budget is used, not only kept: with clients that always want more, few creates go to waste.
    assert len(sent) >= 0.9 * LIMIT * (HOURS - 7)
    assert kills > HOURS
