"""HEARTBEAT_URL is asked over real HTTP: it answers, refuses, leads elsewhere, is slow, is away, is no address."""

import logging
import time
from collections.abc import Iterator

import pytest

from sandbox.webhook import Webhook, webhook
from warehouse.alerts.heartbeat import beat
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings, get_settings

TOKEN = "heartbeat-token-of-the-tests"


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as opened:
        yield opened


def settings(url: str | None) -> Settings:
    return Settings(heartbeat_url=url, alert_timeout_seconds=0.5, _env_file=None)


def test_an_address_that_answers_is_asked_once(hook: Webhook) -> None:
    assert beat(settings(hook.heartbeat)) is None
    assert hook.asked == [f"/ping/{TOKEN}"]


def test_without_an_address_nobody_is_asked() -> None:
    assert beat(settings(None)) is None


@pytest.mark.parametrize("status", [500, 404, 302, 301])
def test_a_refusal_is_told_and_a_redirect_is_not_followed(hook: Webhook, status: int) -> None:
    hook.status = status
    assert beat(settings(hook.heartbeat)) == f"HEARTBEAT_URL answered {status}"
    assert hook.asked == [f"/ping/{TOKEN}"]


def test_a_slow_one_is_left_alone_soon(hook: Webhook) -> None:
    hook.seconds = 5
    began = time.monotonic()
    assert beat(settings(hook.heartbeat)) == "HEARTBEAT_URL: ReadTimeout: timed out"
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://no-such-host.invalid", "https://127.0.0.1:{port}"])
def test_one_that_is_away_is_told(hook: Webhook, address: str) -> None:
    assert (beat(settings(f"{address.format(port=hook.port)}/{TOKEN}")) or "").startswith("HEARTBEAT_URL: ConnectError")


@pytest.mark.parametrize("status", [200, 500])
def test_its_address_is_in_no_log(hook: Webhook, status: int, caplog: pytest.LogCaptureFixture) -> None:
    hook.status = status
    caplog.set_level(logging.DEBUG)
    beat(settings(hook.heartbeat))
    assert hook.asked
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("address", [f"ping.example/{TOKEN}", f"json://ping.example/{TOKEN}", f"http://[1/{TOKEN}"])
def test_what_is_no_web_address_is_refused_without_being_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTBEAT_URL", address)
    with pytest.raises(PaidMediaError, match=r"HEARTBEAT_URL cannot be used: .*no address of http or https") as refused:
        get_settings()
    assert TOKEN not in str(refused.getrepr(chain=True))
