"""Vibe accounts in tests: one simulated clock for loader and API, an API with moods, and accounts with clients."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from loaders.results import LoadResult, Progress
from loaders.transports.report_api.clock import Clock
from sandbox.vibe_api import VibeApi
from sandbox.vibe_service import Reply, Step
from tests.loaders import files
from tests.sources import vibe
from warehouse.clients import credentials
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

DAY = date(2025, 11, 4)
START = datetime(2025, 11, 5, 6, tzinfo=UTC)


@dataclass
class Time:
    """One clock for the loader and the API: waiting is what lets it pass. Who waits beyond `end` is killed."""

    now: datetime = START
    waits: list[float] = field(default_factory=list)
    end: datetime | None = None

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        if self.end is not None and self.now > self.end:
            raise KeyboardInterrupt

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, sleep=self.sleep)


def daily_report(start: date, end: date) -> bytes:
    """A report with one row per day; `end` is excluded."""
    return files.vibe(*(files.vibe_row(start + timedelta(days=number)) for number in range((end - start).days)))


class MoodyApi(VibeApi):
    """The API, whose next answers of a step may be given by the test.

    `asked` are the advertisers of all creates that arrived, `broken` those whose creates end in 500; `say` turns the
    word of a status into another, and `elsewhere` is where downloads lie, if not here.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.answers: dict[Step, deque[Reply]] = {"create": deque(), "status": deque(), "download": deque()}
        self.asked: list[str] = []
        self.broken: set[str] = set()
        self.say: Callable[[str], str] = str
        self.elsewhere: str | None = None

    def create(self, api_key: str | None, request: object) -> Reply:
        advertiser = str(request["advertiser_id"]) if isinstance(request, dict) else ""
        self.asked.append(advertiser)
        if advertiser in self.broken:
            return Reply(500, b'{"message": "internal error"}')
        return self._next("create") or super().create(api_key, request)

    def status(self, api_key: str | None, report_id: str) -> Reply:
        reply = self._next("status") or super().status(api_key, report_id)
        if reply.status != 200 or not reply.body.startswith(b"{"):
            return reply
        answer = json.loads(reply.body)
        answer["status"] = self.say(answer["status"])
        if self.elsewhere and answer["download_url"]:
            answer["download_url"] = answer["download_url"].replace(self.origin, self.elsewhere)
        return replace(reply, body=json.dumps(answer).encode())

    def download(self, report_id: str, signature: str) -> Reply:
        return self._next("download") or super().download(report_id, signature)

    def _next(self, step: Step) -> Reply | None:
        return self.answers[step].popleft() if self.answers[step] else None


@dataclass
class Account:
    """An account with its clients, each with an advertiser of its own; a day of one takes one report."""

    settings: Settings
    api: MoodyApi
    time: Time
    key: str
    clients: tuple[str, ...]

    def load(
        self, client: int = 0, days: int = 1, *, first: date = DAY, on_progress: Progress | None = None
    ) -> LoadResult:
        last = first + timedelta(days=days - 1)
        return vibe.load(
            self.settings, self.clients[client], first, last, clock=self.time.clock, on_progress=on_progress
        )

    def requests(self) -> tuple[int, int, int]:
        return len(self.api.asked), self.api.polls, self.api.downloads


@contextmanager
def moody_api(time: Time, **options: Any) -> Iterator[MoodyApi]:
    """An API on the simulated clock, with reports for any advertiser whose account is opened."""
    defaults = {"reports": {}, "creates_per_hour": 10_000, "ready_after_seconds": 5.0}
    api = MoodyApi(**{**defaults, "clock": lambda: time.now.timestamp(), **options})
    api.start()
    try:
        yield api
    finally:
        api.stop()


def open_account(
    api: MoodyApi, time: Time, clients: Sequence[str], report: Callable[[date, date], bytes] = daily_report
) -> Account:
    """Give clients an account together; the environment says where the API is."""
    settings, key = get_settings(), clients[0]
    api.accounts[key] = set(clients)
    with database.session(settings) as current:
        for client_id in clients:
            api.reports[client_id] = report
            credentials.set_vibe_credentials(current, settings, client_id, advertiser_id=client_id, api_key=key)
    return Account(settings, api, time, key, tuple(clients))
