"""The structured log: one JSON object a line, joined by ids, without secrets, whoever writes at once."""

import json
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from warehouse import logs
from warehouse.secrets.redaction import HIDDEN, redacted, secrets_of
from warehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        paidmedia_home=tmp_path,
        database_url="postgresql://owner:p%40ss-of-the-owner@db.example/x",
        smtp_password="the-mail-password",
        oidc_client_secret="the-providers-secret",
        alert_urls="slack://TokenAAAAA/TokenBBBBB/TokenCCCCC/#alerts, json://hook.example/a-hooks-token",
        heartbeat_url="https://ping.example/a-heartbeats-token/nightly?key=a-key-of-it",
    )


def lines(settings: Settings) -> list[dict[str, Any]]:
    (file,) = (settings.paidmedia_home / "logs").iterdir()
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_line_has_its_time_its_level_and_the_ids_it_was_written_under(settings: Settings) -> None:
    with logs.about(run_id="run-1"):
        logs.logger(settings).info("delivery", load_id="load-1", rows=12)
    logs.logger(settings).warning("later")
    first, second = lines(settings)
    assert first["timestamp"].endswith("Z")
    assert {name: first[name] for name in ("event", "level", "run_id", "load_id", "rows")} == {
        "event": "delivery", "level": "info", "run_id": "run-1", "load_id": "load-1", "rows": 12,
    }  # fmt: skip
    assert "run_id" not in second


@pytest.mark.parametrize(
    "secret",
    [
        "the-mail-password",
        "the-providers-secret",
        "p%40ss-of-the-owner",
        "p@ss-of-the-owner",
        "TokenAAAAA",
        "TokenCCCCC",
        "a-hooks-token",
        "a-heartbeats-token",
        "a-key-of-it",
    ],
)
def test_no_secret_is_written_wherever_it_stands(settings: Settings, secret: str) -> None:
    logs.logger(settings).error(
        f"x{secret}", error=f"refused {secret}", nested={"list": [secret]}, api_key="unknown-key"
    )
    try:
        raise ValueError(secret)
    except ValueError:
        logs.logger(settings).exception("failed", exc_info=True)
    text = json.dumps(lines(settings))
    assert secret not in text
    assert "unknown-key" not in text
    assert text.count(HIDDEN.encode("ascii", "backslashreplace").decode()) >= 4


def test_the_password_of_a_url_is_hidden_although_no_setting_knows_it(settings: Settings) -> None:
    hidden = redacted("see https://ana:her-own@host/path and mail@host", secrets_of(settings))
    assert hidden == f"see https://ana:{HIDDEN}@host/path and mail@host"


@pytest.mark.heavy
def test_lines_of_several_writers_stay_whole(settings: Settings) -> None:
    def write() -> None:
        for number in range(100):
            logs.logger(settings).info("delivery", number=number, text="x" * 2_000)

    writers = [Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(lines(settings)) == 400


def test_a_log_that_cannot_be_written_stops_nobody(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    logs.logger(settings).info("delivery")
