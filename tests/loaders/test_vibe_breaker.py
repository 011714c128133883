"""The breaker of a Vibe account, over the sandbox's HTTP API: when it opens, whom it refuses, what closes it again."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loaders.transports.report_api.breaker import FAILURES, PAUSE
from loaders.transports.report_api.trouble import ATTEMPTS, CREATES
from sandbox.vibe_api import Fault
from tests.loaders.vibe_accounts import DAY, START, Account
from warehouse.settings import PROJECT_ROOT

OPEN = "Vibe is left alone after 5 failed reports in a row"


@pytest.fixture
def account(new_account: Callable[..., Account]) -> Account:
    return new_account()


def fail(account: Account, times: int = FAILURES) -> None:
    """Let so many loads fail, each by creates that are answered with 500."""
    account.api.fail_next("create", Fault.reply(500), CREATES * times)
    for _ in range(times):
        assert "Vibe answered 500" in account.load().errors[0]


def test_five_failures_in_a_row_open_it_and_the_next_load_is_refused_at_once_in_one_line(account: Account) -> None:
    fail(account)
    before, asked_at = account.requests(), account.time.now
    result = account.load()
    assert [outcome.status for outcome in result.deliveries] == ["failed"]
    (line,) = result.errors
    tries_at = f"{asked_at + PAUSE:%Y-%m-%d %H:%M:%S} UTC"
    assert line == f"{OPEN} (the last one: Vibe answered 500): load again after {tries_at}, when one report is tried"
    assert account.requests() == before
    assert account.time.now == asked_at


def test_four_failures_leave_it_closed_and_a_report_that_arrives_ends_the_row(account: Account) -> None:
    fail(account, FAILURES - 1)
    assert account.load().ok
    fail(account, FAILURES - 1)
    assert account.load().ok


@pytest.mark.parametrize(
    ("step", "fault", "times", "message"),
    [
        ("create", Fault.drop(), CREATES, "Vibe broke the connection off"),
        ("create", Fault.report_error(), 1, "Vibe could not make the report"),
        ("create", Fault.stuck(), 1, "Vibe's report is not ready"),
        ("status", Fault.reply(503), ATTEMPTS, "Vibe answered 503"),
        ("download", Fault.html(), ATTEMPTS, "Vibe sent something else than CSV"),
        ("download", Fault.expired(), 3, "the download address of a Vibe report has expired"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_whatever_keeps_a_report_from_arriving_counts(
    account: Account, step: Any, fault: Fault, times: int, message: str
) -> None:
    for number in range(FAILURES):
        account.api.fail_next(step, fault, times)
        (line,) = account.load(first=DAY + timedelta(days=number)).errors
        assert line.startswith(message)
    assert account.load().errors[0].startswith(f"{OPEN} (the last one: {message})")


def test_a_request_that_the_api_refuses_counts_neither_way(account: Account) -> None:
    for status in (400, 403, 422, 400, 403):
        account.api.fail_next("create", Fault.reply(status))
        assert f"refuses the request ({status})" in account.load().errors[0]
    fail(account, FAILURES - 1)
    account.api.fail_next("create", Fault.reply(422))
    assert "refuses the request (422)" in account.load().errors[0]
    fail(account, 1)
    assert account.load().errors[0].startswith(OPEN)


def test_waiting_for_the_budget_is_no_failure(account: Account) -> None:
    account.api.fail_next("create", Fault.limit(30.0), CREATES * FAILURES)
    for _ in range(FAILURES):
        assert "rate limit is used up" in account.load().errors[0]
    account.settings = account.settings.model_copy(update={"vibe_creates_per_hour": 2})
    assert account.load(days=300).ok
    assert account.time.now - START > timedelta(hours=2)


def test_after_the_pause_one_report_is_tried_and_its_arrival_closes_it(new_account: Callable[..., Account]) -> None:
    account = new_account(clients=2)
    fail(account)
    account.time.sleep(PAUSE.total_seconds() - 1)
    assert account.load().errors[0].startswith(OPEN)
    account.time.sleep(1)
    assert account.load().ok
    assert account.load(client=1).ok
    fail(account, FAILURES - 1)
    assert account.load(client=1).ok


def test_a_trial_that_fails_opens_it_for_another_pause(account: Account) -> None:
    fail(account)
    account.time.sleep(PAUSE.total_seconds())
    fail(account, 1)
    before = account.requests()
    account.time.sleep(PAUSE.total_seconds() - 1)
    assert "after 6 failed reports in a row" in account.load().errors[0]
    assert account.requests() == before
    account.time.sleep(1)
    assert account.load().ok


def test_of_a_backfill_one_report_is_the_trial_and_the_others_follow_it(account: Account) -> None:
    fail(account)
    account.time.sleep(PAUSE.total_seconds())
    account.api.fail_next("create", Fault.report_error())
    failed = account.load(days=180)
    assert "Vibe could not make the report" in failed.errors[0]
    assert failed.errors[1].startswith("Vibe is left alone after 6")
    assert (len(failed.errors), len(account.api.creates)) == (2, 1)
    assert [len(outcome.days) for outcome in failed.deliveries] == [45, 135]
    account.time.sleep(PAUSE.total_seconds())
    assert account.load(days=180).ok
    assert len(account.api.creates) == 5


def test_while_a_trial_is_on_its_way_nobody_else_is_let_through(new_account: Callable[..., Account]) -> None:
    account = new_account(clients=2)
    fail(account)
    account.time.sleep(PAUSE.total_seconds())
    others: list[str] = []

    def meanwhile(message: str) -> None:
        if " is done" in message:
            others.extend(account.load(client=1).errors)

    assert account.load(on_progress=meanwhile).ok
    assert [line.startswith(OPEN) for line in others] == [True]
    assert account.load(client=1).ok


def test_a_trial_whose_process_dies_blocks_for_one_pause_only(account: Account) -> None:
    fail(account)
    account.time.sleep(PAUSE.total_seconds())

    def die(message: str) -> None:
        if message.startswith("report "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        account.load(on_progress=die)
    assert account.load().errors[0].startswith(OPEN)
    account.time.sleep(PAUSE.total_seconds())
    assert account.load().ok
    assert len(account.api.creates) == 1


def test_a_trial_that_is_refused_lets_the_next_client_try(new_account: Callable[..., Account]) -> None:
    account = new_account(clients=2)
    fail(account)
    account.time.sleep(PAUSE.total_seconds())
    account.api.fail_next("create", Fault.reply(403, '{"message": "not your advertiser"}'))
    assert "not your advertiser" in account.load().errors[0]
    assert account.load(client=1).ok
    assert account.load().ok


def test_reports_that_were_on_their_way_are_kept_for_the_load_after_the_pause(account: Account) -> None:
    account.api.fail_next("status", Fault.reply(502), ATTEMPTS * FAILURES)
    failed = account.load(days=45 * 7)
    assert [line.startswith("Vibe answered 502") for line in failed.errors] == [True] * 5 + [False] * 2
    assert [line.startswith(OPEN) for line in failed.errors] == [False] * 5 + [True] * 2
    account.time.sleep(PAUSE.total_seconds())
    assert account.load(days=45 * 7).ok
    assert len(account.api.creates) == 7


def test_it_holds_for_every_client_of_the_account_and_for_no_other_account(new_account: Callable[..., Account]) -> None:
    account, other = new_account(clients=2), new_account()
    fail(account)
    assert account.load(client=1).errors[0].startswith(OPEN)
    assert other.load().ok


def test_it_holds_in_another_process(account: Account) -> None:
    account.time.now = datetime.now(UTC)
    fail(account)
    program = (
        "import sys; from datetime import date; from tests.sources import vibe;"
        " from warehouse.settings import get_settings;"
        " print(vibe.load(get_settings(), sys.argv[1], date(2025, 11, 4), date(2025, 11, 4)).errors[0])"
    )
    command = [sys.executable, "-c", program, account.key]
    before = account.requests()
    run = subprocess.run(command, cwd=PROJECT_ROOT, env=os.environ, capture_output=True, text=True, timeout=120)
    assert run.stdout.startswith(OPEN), run.stderr
    assert account.requests() == before
