"""Vibe: from a real HTTP API, with its limits and its bad days, to Postgres."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from loaders.clients import clients_for
from loaders.results import LoadResult
from loaders.transports.report_api.clock import Clock
from loaders.transports.report_api.trouble import retry_after
from sandbox.vibe_api import DEFAULT_KEY, Fault, VibeApi, vibe_api
from tests.loaders import files
from tests.sources import vibe
from warehouse.clients import credentials
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

DAY = date(2025, 11, 4)
NEXT = DAY + timedelta(days=1)
POLL = 0.05
ADVERTISER = "adv-1"


@dataclasses.dataclass
class World:
    """The API under test, and what it will say of each day: impressions, or nothing."""

    api: VibeApi
    impressions: dict[date, int]


@pytest.fixture
def world() -> Iterator[World]:
    impressions: dict[date, int] = {}

    def report(start: date, end: date) -> bytes:
        days = (start + timedelta(days=number) for number in range((end - start).days))
        return files.vibe(*(files.vibe_row(day, f"{impressions[day]}.0") for day in days if day in impressions))

    options = {"min_poll_seconds": POLL, "ready_after_seconds": 0.05, "creates_per_hour": 1_000}
    with vibe_api(reports={ADVERTISER: report}, **options) as api:
        yield World(api, impressions)


@pytest.fixture
def settings(database_url: str, world: World, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VIBE_API_BASE_URL", world.api.base_url)
    monkeypatch.setenv("VIBE_POLL_SECONDS", str(POLL))
    monkeypatch.setenv("VIBE_POLL_ATTEMPTS", "20")
    monkeypatch.setenv("VIBE_CREATES_PER_HOUR", "1000")
    return get_settings()


@pytest.fixture
def vibe_client(settings: Settings, world: World, client_id: str) -> str:
    """A client with an account of its own: what one test breaks is not remembered in the next."""
    world.api.accounts[client_id] = {ADVERTISER}
    with database.session(settings) as current:
        credentials.set_vibe_credentials(current, settings, client_id, advertiser_id=ADVERTISER, api_key=client_id)
    return client_id


def statuses(result: LoadResult) -> list[str]:
    return [outcome.status for outcome in result.deliveries]


def test_a_report_becomes_rows_and_declares_every_day_asked_for(
    settings: Settings, world: World, vibe_client: str, ask: Callable[..., list[Any]]
) -> None:
    world.impressions[DAY] = 4
    before = datetime.now(UTC)
    (outcome,) = vibe.load(settings, vibe_client, DAY, NEXT).deliveries
    assert (outcome.status, outcome.days, outcome.rows_accepted) == ("loaded", (DAY, NEXT), 1)
    assert ask(
        "select date, rows, impressions, clicks, conversions from raw_vibe.delivery_days where delivery_id = :id"
        " order by date",
        id=outcome.delivery_id,
    ) == [(DAY, 1, 4, None, 1), (NEXT, 0, 0, None, 0)]
    ((as_of, origin, covers_to),) = ask(
        "select as_of, origin, covers_to from raw_vibe.deliveries where delivery_id = :id", id=outcome.delivery_id
    )
    assert before <= as_of <= datetime.now(UTC)
    assert origin == f"report {world.api.creates[0].report_id}"
    assert covers_to == NEXT
    asked = world.api.creates[0]
    assert (asked.start_date, asked.end_date) == (DAY, NEXT + timedelta(days=1))
    assert ask("select status from control.vibe_report_requests where client_id = :c", c=vibe_client) == [("consumed",)]


def test_a_reread_window_brings_what_changed_and_an_unchanged_one_is_a_duplicate(
    settings: Settings, world: World, vibe_client: str
) -> None:
    world.impressions[DAY] = 4
    assert statuses(vibe.load(settings, vibe_client, DAY, NEXT)) == ["loaded"]
    assert statuses(vibe.load(settings, vibe_client, DAY, NEXT)) == ["duplicate"]
    world.impressions[NEXT] = 5
    assert statuses(vibe.load(settings, vibe_client, DAY, NEXT)) == ["loaded"]


def test_two_empty_reports_of_different_days_are_two_deliveries(settings: Settings, vibe_client: str) -> None:
    assert statuses(vibe.load(settings, vibe_client, DAY, DAY)) == ["loaded"]
    assert statuses(vibe.load(settings, vibe_client, NEXT, NEXT)) == ["loaded"]


def test_a_backfill_takes_one_create_for_45_days(settings: Settings, world: World, vibe_client: str) -> None:
    world.impressions.update({DAY + timedelta(days=number): number + 1 for number in range(0, 400, 7)})
    result = vibe.load(settings, vibe_client, DAY, DAY + timedelta(days=399))
    assert statuses(result) == ["loaded"] * 9
    assert len(world.api.creates) == 9
    assert sum(len(outcome.days) for outcome in result.deliveries) == 400
    assert sum(outcome.rows_accepted for outcome in result.deliveries) == len(world.impressions)


@pytest.mark.parametrize(
    ("step", "fault", "times"),
    [
        ("create", Fault.reply(500), 2),
        ("create", Fault.limit(0.05), 2),
        ("create", Fault.drop(), 1),
        ("create", Fault.html(), 1),
        ("create", Fault.html(503), 1),
        ("status", Fault.reply(502), 2),
        ("status", Fault.limit(0.05), 1),
        ("status", Fault.html(), 1),
        ("status", Fault.truncated(), 1),
        ("download", Fault.reply(500), 2),
        ("download", Fault.html(), 1),
        ("download", Fault.truncated(), 1),
        ("download", Fault.cut(), 1),
        ("download", Fault.drop(), 1),
        ("download", Fault.expired(), 2),
    ],
    ids=lambda value: getattr(value, "kind", str(value)),
)
def test_trouble_that_passes_ends_in_the_right_data(
    settings: Settings, world: World, vibe_client: str, step: Any, fault: Fault, times: int
) -> None:
    world.impressions.update({DAY: 4, NEXT: 5})
    world.api.fail_next(step, fault, times)
    (outcome,) = vibe.load(settings, vibe_client, DAY, NEXT).deliveries
    assert (outcome.status, outcome.rows_accepted) == ("loaded", 2)
    expected_creates = 1 + times if step == "create" else 1
    assert len(world.api.creates) <= expected_creates


@pytest.mark.parametrize(
    ("step", "fault", "message"),
    [
        ("create", Fault.reply(400, '{"message": "bad dates"}'), r"refuses the request \(400\).*bad dates"),
        ("create", Fault.reply(422, "no such metric", "text/plain"), r"\(422\).*no such metric"),
        ("create", Fault.reply(500), "Vibe answered 500"),
        ("create", Fault.html(), "something else than JSON"),
        ("status", Fault.reply(401, '{"error": "expired key"}'), r"\(401\).*expired key.*vibe-credentials set"),
        ("download", Fault.html(), "something else than CSV"),
        ("download", Fault.cut(), "report is torn"),
        ("download", Fault.truncated(), "broke the connection off"),
        ("download", Fault.expired(), "address of a Vibe report has expired"),
    ],
    ids=lambda value: getattr(value, "kind", str(value)),
)
def test_trouble_that_stays_is_one_clear_failure(
    settings: Settings, world: World, vibe_client: str, ask: Callable[..., list[Any]], step: Any, fault: Fault,
    message: str,
) -> None:  # fmt: skip
    world.impressions.update({DAY: 4, NEXT: 5})
    world.api.fail_next(step, fault, 40)
    result = vibe.load(settings, vibe_client, DAY, NEXT)
    assert statuses(result) == ["failed"]
    assert re.search(message, result.errors[0]), result.errors
    assert "\n" not in result.errors[0]
    assert ask("select count(*) from raw_vibe.deliveries where client_id = :c", c=vibe_client) == [(0,)]
    attempts = "select status, covers_from, covers_to from control.ingestion_runs where client_id = :c"
    assert ask(attempts, c=vibe_client) == [("failed", DAY, NEXT)]


def test_a_request_that_would_fail_again_is_not_repeated(settings: Settings, world: World, vibe_client: str) -> None:
    world.api.fail_next("create", Fault.reply(400, '{"message": "bad dates"}'))
    world.impressions[DAY] = 4
    assert statuses(vibe.load(settings, vibe_client, DAY, DAY)) == ["failed"]
    assert world.api.creates == []


def test_a_report_that_ends_in_error_is_a_failure_and_the_next_run_asks_anew(
    settings: Settings, world: World, vibe_client: str
) -> None:
    world.api.fail_next("create", Fault.report_error())
    failed = vibe.load(settings, vibe_client, DAY, DAY)
    assert "could not make the report" in failed.errors[0]
    assert statuses(vibe.load(settings, vibe_client, DAY, DAY)) == ["loaded"]
    assert len(world.api.creates) == 2


def test_a_stuck_report_is_gone_on_with_by_the_next_run(settings: Settings, world: World, vibe_client: str) -> None:
    world.impressions[DAY] = 4
    world.api.fail_next("create", Fault.stuck())
    failed = vibe.load(settings, vibe_client, DAY, DAY)
    assert "is processing after 20 polls" in failed.errors[0]
    world.api.creates[0].fate = "done"
    assert statuses(vibe.load(settings, vibe_client, DAY, DAY)) == ["loaded"]
    assert len(world.api.creates) == 1


def test_a_killed_run_goes_on_with_the_report_that_it_had_asked_for(
    settings: Settings, world: World, vibe_client: str
) -> None:
    world.impressions[DAY] = 4

    def die(message: str) -> None:
        if message.startswith("report ") and " is " in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vibe.load(settings, vibe_client, DAY, DAY, on_progress=die)
    assert statuses(vibe.load(settings, vibe_client, DAY, DAY)) == ["loaded"]
    assert len(world.api.creates) == 1


def test_a_report_that_the_api_has_forgotten_is_asked_for_anew(
    settings: Settings, world: World, vibe_client: str
) -> None:
    world.impressions[DAY] = 4
    world.api.fail_next("create", Fault.stuck())
    vibe.load(settings, vibe_client, DAY, DAY)
    world.api.creates.clear()
    assert statuses(vibe.load(settings, vibe_client, DAY, DAY)) == ["loaded"]


def test_a_bad_key_is_one_clear_line_with_the_command(settings: Settings, vibe_client: str) -> None:
    with database.session(settings) as current:
        credentials.set_vibe_credentials(current, settings, vibe_client, advertiser_id=ADVERTISER, api_key="wrong")
    result = vibe.load(settings, vibe_client, DAY, DAY)
    assert f"paidmedia vibe-credentials set {vibe_client}" in result.errors[0]
    assert "Invalid or missing API key" in result.errors[0]


def test_an_api_that_is_down_is_one_clear_line(
    settings: Settings, vibe_client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIBE_API_BASE_URL", "http://127.0.0.1:9/reporting")
    result = vibe.load(get_settings(), vibe_client, DAY, DAY)
    assert "Vibe cannot be reached (127.0.0.1" in result.errors[0]


def test_the_older_draft_of_the_api_is_a_matter_of_settings(
    settings: Settings, world: World, vibe_client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.impressions[DAY] = 4
    monkeypatch.setenv("VIBE_API_BASE_URL", world.api.draft_base_url)
    monkeypatch.setenv("VIBE_AUTH_HEADER", "Authorization")
    monkeypatch.setenv("VIBE_CREATE_PATH", "/std/reports")
    monkeypatch.setenv("VIBE_STATUS_PATH", "/std/reports/{report_id}")
    assert statuses(vibe.load(get_settings(), vibe_client, DAY, DAY)) == ["loaded"]


def test_the_environments_account_serves_the_only_client(
    settings: Settings, world: World, new_client: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = new_client()
    assert clients_for(settings, "vibe") == []
    with pytest.raises(PaidMediaError, match=f"client {alone} has no Vibe credentials: paidmedia vibe-credentials set"):
        vibe.load(settings, alone, DAY, DAY)
    monkeypatch.setenv("VIBE_API_KEY", DEFAULT_KEY)
    monkeypatch.setenv("VIBE_ADVERTISER_ID", ADVERTISER)
    assert clients_for(get_settings(), "vibe") == [alone]
    assert statuses(vibe.load(get_settings(), alone, DAY, DAY)) == ["loaded"]
    new_client()
    assert clients_for(get_settings(), "vibe") == []


def test_a_used_up_budget_is_waited_for(
    settings: Settings, world: World, vibe_client: str, ask: Callable[..., list[Any]]
) -> None:
    """Four reports at two an hour: the third is sent when the first is an hour old, and not before."""
    passed = [timedelta(0)]

    def sleep(seconds: float) -> None:
        passed[0] += timedelta(seconds=seconds)

    clock = Clock(now=lambda: datetime.now(UTC) + passed[0], sleep=sleep)
    settings = settings.model_copy(update={"vibe_creates_per_hour": 2, "vibe_poll_attempts": 100_000})
    told: list[str] = []
    with database.session(settings) as current:
        credentials.set_vibe_credentials(current, settings, vibe_client, advertiser_id=ADVERTISER, api_key="other")
    world.api.accounts["other"] = {ADVERTISER}
    result = vibe.load(settings, vibe_client, DAY, DAY + timedelta(days=179), on_progress=told.append, clock=clock)
    assert [outcome.status for outcome in result.deliveries if outcome.status == "failed"] == []
    assert len(world.api.creates) == 4
    asked = [row[0] for row in ask(
        "select requested_at from control.vibe_report_requests where client_id = :c order by 1", c=vibe_client
    )]  # fmt: skip
    assert all(later - earlier >= timedelta(seconds=3_600) for earlier, later in zip(asked, asked[2:], strict=False))
    assert any("reports an hour are used up" in each for each in told)


NOW = datetime(2025, 11, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-rate-limit-retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"x-rate-limit-reset-at": str(int(NOW.timestamp()) + 30)}, 30),
        ({"x-rate-limit-reset-at": str(int(NOW.timestamp() * 1000) + 30_000)}, 30),
        ({"x-rate-limit-reset-at": "2025-11-04T12:00:30Z"}, 30),
        ({"x-rate-limit-reset-at": "2025-11-04T13:00:30+01:00"}, 30),
        ({"x-rate-limit-reset-at": "2025-11-04T12:00:30"}, 30),
        ({"x-rate-limit-reset-at": "2025-11-04T11:00:00Z"}, 0),
        ({"retry-after": "Tue, 04 Nov 2025 12:00:30 GMT"}, 30),
        ({"retry-after": "Tue, 04 Nov 2025 11:00:00 GMT"}, 0),
        ({"retry-after": "later", "x-rate-limit-reset-at": "2025-11-04T12:00:30Z"}, 30),
        ({"retry-after": "nan"}, None),
        ({"x-rate-limit-reset-at": "soon"}, None),
        ({}, None),
    ],
)
def test_every_form_of_the_rate_limit_headers_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds
