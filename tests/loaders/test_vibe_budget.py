"""The hourly budget of a Vibe account: a decision, and what several processes make of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loaders.registry import source_of
from loaders.results import silent
from loaders.timespan import cut, days_between, runs_of_days
from loaders.transports.report_api.clock import Clock
from loaders.transports.report_api.requests import MARGIN, WINDOW, next_free, reserve
from warehouse.settings import Settings

NOW = datetime(2025, 11, 4, 12, tzinfo=UTC)
DAY = date(2025, 11, 4)


def test_a_create_is_free_while_the_hour_holds_fewer_than_the_limit() -> None:
    recent = [NOW - timedelta(minutes=number) for number in range(14)]
    assert next_free(recent, 15, NOW) is None
    assert next_free([*recent, NOW], 15, NOW) == min(recent) + WINDOW + MARGIN


def test_clients_ahead_take_their_creates_first() -> None:
    recent = [NOW - timedelta(minutes=number) for number in range(14)]
    assert next_free(recent, 15, NOW, ahead=1) == NOW - timedelta(minutes=13) + WINDOW + MARGIN
    assert next_free(recent, 15, NOW, ahead=2) == NOW - timedelta(minutes=12) + WINDOW + MARGIN
    assert next_free([], 15, NOW, ahead=14) is None
    assert next_free([], 15, NOW, ahead=15) == NOW + WINDOW + MARGIN


def test_old_creates_no_longer_count() -> None:
    assert next_free([NOW - WINDOW - MARGIN] * 15, 15, NOW) is None


@given(st.lists(st.floats(0, 5_000), max_size=120), st.integers(1, 15))
def test_no_rolling_hour_ever_holds_more_than_the_limit(gaps: list[float], limit: int) -> None:
    sent: list[datetime] = []
    now = NOW
    for gap in gaps:
        now += timedelta(seconds=gap)
        free_at = next_free(sent, limit, now)
        now = max(now, free_at) if free_at else now
        assert next_free(sent, limit, now) is None
        sent.append(now)
    for earlier, later in zip(sent, sent[limit:], strict=False):
        assert later - earlier >= WINDOW


def test_the_budget_holds_across_clients_and_workers(
    settings: Settings, new_client: Callable[..., str], ask: Callable[..., list[Any]]
) -> None:
    clients = [new_client() for _ in range(3)]
    passed = [timedelta(0)]

    def sleep(seconds: float) -> None:
        passed[0] += timedelta(seconds=seconds)

    clock = Clock(now=lambda: datetime.now(UTC) + passed[0], sleep=sleep)

    def ask_for_one(number: int) -> None:
        reserve(settings, source_of("vibe"), "shared", clients[number % 3], DAY, DAY, clock=clock, tell=silent)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask_for_one, range(40)))
    sent = [
        row[0]
        for row in ask("select requested_at from control.vibe_report_requests where account = 'shared' order by 1")
    ]
    assert len(sent) == 40
    for earlier, later in zip(sent, sent[15:], strict=False):
        assert later - earlier >= WINDOW


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 500))
def test_spans_cover_every_day_once(first: date, more: int) -> None:
    last = first + timedelta(days=more)
    spans = list(cut(first, last, 45))
    assert len(spans) == -(-(more + 1) // 45)
    covered = [day for start, end in spans for day in days_between(start, end)]
    assert covered == list(days_between(first, last))
    assert runs_of_days(covered) == [(first, last)]


def test_runs_of_days_break_at_gaps() -> None:
    days = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=3)]
    assert runs_of_days(days) == [(days[0], days[1]), (days[2], days[2])]
