"""Who is served of a Vibe account's hourly budget when some fail, when nothing gets through, and after a restart."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from loaders.clients import clients_for
from loaders.transports.report_api import api as source
from loaders.transports.report_api.trouble import ATTEMPTS, CREATES
from sandbox.vibe_api import Fault
from sandbox.vibe_service import Reply
from tests.loaders.vibe_accounts import DAY, START, Account

COUNTED = "select count(*) from control.vibe_report_requests where client_id = :c"


@contextmanager
def deaf() -> Iterator[str]:
    """An address that takes no connection and refuses none."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def closed() -> Iterator[str]:
    yield "http://127.0.0.1:9"


@contextmanager
def unknown() -> Iterator[str]:
    yield "http://vibe.invalid"


@pytest.mark.parametrize("somewhere", [closed, unknown, deaf])
def test_a_create_that_does_not_reach_the_api_costs_nothing(
    new_account: Callable[..., Account], ask: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch,
    somewhere: Callable[[], Any],
) -> None:  # fmt: skip
    monkeypatch.setattr(source, "TIMEOUT", httpx.Timeout(5.0, connect=0.1))
    account = new_account()
    with somewhere() as url:
        account.settings = account.settings.model_copy(update={"vibe_api_base_url": url})
        (line, *rest) = account.load(days=400).errors
    assert line.startswith("Vibe cannot be reached (")
    # The days before those of the newest report were not even tried, and that is one line.
    assert [each.partition(" (")[0] for each in rest] == ["Vibe was asked for nothing more"]
    assert len(account.time.waits) == ATTEMPTS - 1
    assert ask(COUNTED, c=account.key) == [(0,)]


def test_neither_does_one_that_finds_no_tls(new_account: Callable[..., Account], ask: Callable[..., list[Any]]) -> None:
    account = new_account()
    url = account.api.base_url.replace("http:", "https:")
    account.settings = account.settings.model_copy(update={"vibe_api_base_url": url})
    assert account.load().errors[0].startswith("Vibe cannot be reached (127.0.0.1: ")
    assert ask(COUNTED, c=account.key) == [(0,)]


@pytest.mark.parametrize("fault", [Fault.drop(), Fault.reply(500), Fault.html()], ids=lambda fault: fault.kind)
def test_a_create_that_the_api_may_have_counted_is_counted_and_repeated_less_often(
    new_account: Callable[..., Account], ask: Callable[..., list[Any]], fault: Fault
) -> None:
    account = new_account()
    account.api.fail_next("create", fault, ATTEMPTS)
    assert len(account.load(days=400).errors) == 2
    assert ask(COUNTED, c=account.key) == [(CREATES,)]
    assert len(account.api.asked) == CREATES


def test_after_an_outage_the_whole_budget_is_there(new_account: Callable[..., Account]) -> None:
    account = new_account()
    account.settings = account.settings.model_copy(update={"vibe_creates_per_hour": 3})
    lost = account.settings.model_copy(update={"vibe_api_base_url": "http://127.0.0.1:9"})
    here, account.settings = account.settings, lost
    assert not account.load().ok
    account.settings, began = here, account.time.now
    assert account.load(days=3 * 45).ok
    assert account.time.now - began < timedelta(minutes=1)


@pytest.mark.heavy
def test_a_client_whose_reports_fail_leaves_the_hour_to_the_others(
    new_account: Callable[..., Account], ask: Callable[..., list[Any]]
) -> None:
    account = new_account(clients=4)
    account.settings = account.settings.model_copy(update={"vibe_creates_per_hour": 15})
    account.api.broken.add(account.clients[0])
    failing = account.load(days=400)
    assert [outcome.status for outcome in failing.deliveries] == ["failed"] * 2
    assert sum(len(outcome.days) for outcome in failing.deliveries) == 400
    assert all(account.load(client, days=4 * 45).ok for client in (1, 2, 3))
    assert account.time.now - START < timedelta(minutes=10)
    assert ask(COUNTED, c=account.clients[0]) == [(CREATES,)]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_client_that_the_api_refuses_costs_one_create_whatever_it_wanted(
    new_account: Callable[..., Account], ask: Callable[..., list[Any]], status: int
) -> None:
    account = new_account(clients=2)
    account.api.answers["create"].append(Reply(status, b'{"message": "no such advertiser"}'))
    refused, rest = account.load(days=400).errors
    assert "no such advertiser" in refused
    assert "2024" not in refused
    assert rest.startswith("Vibe was asked for nothing more (the report of ")
    assert account.time.waits == []
    assert ask(COUNTED, c=account.clients[0]) == [(1,)]
    assert account.load(client=1).ok


def test_where_old_days_are_refused_the_newer_ones_are_loaded(new_account: Callable[..., Account]) -> None:
    account = new_account()
    known = account.api.create

    def create(api_key: str | None, request: Any) -> Reply:
        if request["start_date"] < (DAY + timedelta(days=300)).isoformat():
            return Reply(400, b'{"message": "start_date is too old"}')
        return known(api_key, request)

    account.api.create = create  # type: ignore[method-assign]
    result = account.load(days=400)
    loaded = [day for outcome in result.deliveries if outcome.status == "loaded" for day in outcome.days]
    failed = [day for outcome in result.deliveries if outcome.status == "failed" for day in outcome.days]
    assert min(loaded) == DAY + timedelta(days=315)
    assert sorted(loaded + failed) == [DAY + timedelta(days=number) for number in range(400)]
    assert len(result.errors) == 2


def test_the_client_that_was_served_longest_ago_comes_first(new_account: Callable[..., Account]) -> None:
    account = new_account(clients=4)
    assert clients_for(account.settings, "vibe") == sorted(account.clients)
    for client in (2, 0):
        assert account.load(client).ok
        account.time.sleep(1)
    never = sorted({account.clients[1], account.clients[3]})
    assert clients_for(account.settings, "vibe") == [*never, account.clients[2], account.clients[0]]


@pytest.mark.heavy
def test_a_load_of_all_clients_that_is_killed_every_hour_serves_each_of_them(
    new_account: Callable[..., Account],
) -> None:
    """Two creates an hour and six clients, in runs that do not live longer than the hour."""
    account = new_account(clients=6)
    account.settings = account.settings.model_copy(update={"vibe_creates_per_hour": 2})

    def load_all() -> None:
        for client_id in clients_for(account.settings, "vibe"):
            account.load(account.clients.index(client_id))

    for _ in range(3):
        account.time.end = account.time.now + timedelta(hours=1)
        with pytest.raises(KeyboardInterrupt):
            load_all()
        account.time.now, account.time.end = account.time.end + timedelta(minutes=5), None
    assert {report.advertiser_id for report in account.api.creates} == set(account.clients)
