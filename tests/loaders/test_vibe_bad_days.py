"""The Vibe API on its bad days, over real HTTP: the right data, or one clear failure."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from loaders.transports.report_api import api as source
from loaders.transports.report_api.trouble import ATTEMPTS, CREATES
from sandbox.vibe_api import Fault
from sandbox.vibe_service import Reply
from tests.loaders.vibe_accounts import DAY, START, Account, daily_report
from warehouse.clients import credentials
from warehouse.postgres import database

FREE_AT = START + timedelta(seconds=40)
REPORT = daily_report(DAY, DAY + timedelta(days=3))


@pytest.fixture
def account(new_account: Callable[..., Account]) -> Account:
    return new_account()


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"x-rate-limit-retry-after": "40"}, 40),
        ({"retry-after": "40"}, 40),
        ({"retry-after": format_datetime(FREE_AT, usegmt=True)}, 40),
        ({"x-rate-limit-left": "0", "x-rate-limit-reset-at": str(int(FREE_AT.timestamp()))}, 40),
        ({"x-rate-limit-reset-at": FREE_AT.isoformat()}, 40),
        ({}, 10),
    ],
    ids=["seconds", "standard seconds", "HTTP date", "Unix", "ISO", "none"],
)
def test_a_rate_limit_is_waited_for_in_each_form_in_which_it_is_told(
    account: Account, headers: dict[str, str], waits: int
) -> None:
    account.api.answers["create"].append(Reply(429, b'{"message": "slow down"}', headers=headers))
    assert account.load().ok
    assert (len(account.api.asked), len(account.api.creates)) == (2, 1)
    assert waits <= account.time.waits[0] <= waits + 1.1


def test_a_rate_limit_without_an_end_is_one_clear_failure(account: Account) -> None:
    account.api.answers["create"] = deque([Reply(429, b"slow down", "text/plain")] * ATTEMPTS)
    assert account.load().errors == ["Vibe's rate limit is used up (slow down): load again later"]


@pytest.mark.parametrize(
    ("step", "times"), [("create", CREATES - 1), ("status", ATTEMPTS - 1), ("download", ATTEMPTS - 1)]
)
def test_a_burst_of_server_errors_of_half_a_minute_is_outlived(account: Account, step: Any, times: int) -> None:
    account.api.fail_next(step, Fault.reply(503), times)
    assert account.load().ok
    assert account.time.now - START >= timedelta(seconds=30)


@pytest.mark.parametrize("say", [str.upper, str.title, lambda word: {"done": "Completed"}.get(word, word)])
def test_a_status_is_understood_in_any_case(account: Account, say: Callable[[str], str]) -> None:
    account.api.say = say
    assert account.load().ok


@pytest.mark.parametrize("word", ["ERROR", "Failed", "error"])
def test_a_report_that_ends_badly_says_so_in_any_case(account: Account, word: str) -> None:
    answer = {"status": word, "download_url": None, "error": "no data source"}
    account.api.answers["status"].append(Reply(200, json.dumps(answer).encode()))
    (line,) = account.load().errors
    assert line.startswith("Vibe could not make the report (report ")
    assert "2025-11-04 to 2025-11-04: no data source" in line


@pytest.mark.parametrize("step", ["create", "status", "download"])
def test_an_answer_that_does_not_come_in_time_is_asked_for_again(
    account: Account, ask: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch, step: Any
) -> None:
    monkeypatch.setattr(source, "TIMEOUT", httpx.Timeout(0.3))
    account.api.fail_next(step, Fault.slow(1.0))
    assert account.load().ok
    counted = ask("select count(*) from control.vibe_report_requests where client_id = :c", c=account.key)
    assert counted == [(len(account.api.creates),)]


def test_an_api_that_never_answers_in_time_is_one_clear_failure(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "TIMEOUT", httpx.Timeout(0.1))
    account.api.fail_next("create", Fault.slow(0.5), CREATES)
    assert account.load().errors == ["Vibe did not answer in time (127.0.0.1): load again later"]


def test_the_key_is_not_carried_to_another_address(account: Account) -> None:
    there = "https://elsewhere.example/reporting"
    account.api.answers["create"].append(Reply(302, headers={"location": there}))
    (line,) = account.load().errors
    assert line.startswith("Vibe sends on to another address (302)")
    assert there in line


def test_a_key_that_no_header_can_carry_is_named_without_being_shown(account: Account) -> None:
    with database.session(account.settings) as current:
        credentials.set_vibe_credentials(
            current, account.settings, account.key, advertiser_id=account.key, api_key="sécret-ключ"
        )
    (line,) = account.load().errors
    assert line.startswith("Vibe's key holds what a header cannot")
    assert "paidmedia vibe-credentials set" in line
    assert "ключ" not in line


class Storage(StreamRequestHandler):
    """Sends the next of the server's scripted answers, byte for byte, and closes the connection."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        script = self.server.script  # type: ignore[attr-defined]
        self.wfile.write(script.popleft() if len(script) > 1 else script[0])


@contextmanager
def storage(*script: bytes) -> Iterator[str]:
    """A place for downloads that gives these answers in turn, and the last of them from then on."""
    with ThreadingTCPServer(("127.0.0.1", 0), Storage) as server:
        server.script = deque(script)  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def marked(body: bytes, *, is_whole: bool = True) -> bytes:
    """An answer whose end is marked: chunked."""
    half = len(body) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]))
    end = b"0\r\n\r\n" if is_whole else b""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + end


def announced(body: bytes) -> bytes:
    """An answer whose length is announced."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def endless(body: bytes) -> bytes:
    """An answer that ends where the connection does."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n" + body


def rows(count: int) -> bytes:
    """The heading and so many rows: a report cut at the end of a row."""
    return b"".join(REPORT.splitlines(keepends=True)[: count + 1])


@pytest.mark.parametrize(
    "script",
    [
        (marked(REPORT),),
        (marked(rows(2), is_whole=False), marked(REPORT)),
        (endless(REPORT),),
        (endless(rows(2)), endless(REPORT)),
        (endless(rows(2)), endless(rows(1)), endless(REPORT)),
        (announced(REPORT.rstrip(b"\n")),),
        (announced(REPORT.rstrip(b"\n")[:-1]), announced(REPORT)),
    ],
    ids=["chunks", "broken chunks", "no length", "a row lost", "rows lost twice", "no last newline", "a digit lost"],
)
def test_a_download_whose_end_is_not_certain_is_compared_with_another(
    account: Account, script: tuple[bytes, ...]
) -> None:
    with storage(*script) as account.api.elsewhere:
        (outcome,) = account.load(days=3).deliveries
    assert (outcome.status, outcome.rows_accepted) == ("loaded", 3), outcome.error
    assert len(account.api.creates) == 1


def test_a_download_that_ends_somewhere_else_each_time_is_one_clear_failure(account: Account) -> None:
    script = [endless(rows(number % 4)) for number in range(1, 4)] + [endless(b"a,b\n")]
    with storage(*script) as account.api.elsewhere:
        (line,) = account.load(days=3).errors
    assert line.startswith("Vibe's report is torn (4 downloads, each with another end)")


def test_a_report_that_is_too_large_is_asked_for_in_parts(
    account: Account, ask: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_REPORT_SIZE", len(daily_report(DAY, DAY + timedelta(days=10))))
    told: list[str] = []
    result = account.load(days=60, on_progress=told.append)
    assert result.ok, result.errors
    days = sorted(day for outcome in result.deliveries for day in outcome.days)
    assert days == [DAY + timedelta(days=number) for number in range(60)]
    spans = sorted((report.end_date - report.start_date).days for report in account.api.creates)
    assert spans[-2:] == [15, 45]
    assert max(spans[:-2]) <= 8
    assert any("is too large; asking for" in each for each in told)
    rows_of = "select count(*) from raw_vibe.delivery_days where client_id = :c and rows = 1"
    assert ask(rows_of, c=account.key) == [(60,)]


def test_a_day_that_is_too_large_is_one_clear_failure(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_REPORT_SIZE", 100)
    lines = account.load(days=2).errors
    assert len(lines) == 2
    assert all(line.startswith("a Vibe report is too large (") for line in lines)


def test_what_a_killed_run_had_asked_for_is_loaded_by_the_next_even_in_parts(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(message: str) -> None:
        if " is done (5 of 9" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        account.load(days=400, on_progress=die)
    assert account.load(days=400).ok
    assert len(account.api.creates) == 9
