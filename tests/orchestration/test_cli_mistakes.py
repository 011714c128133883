"""Mistakes at the command line: one clear line that says what to do, a non-zero exit, and marts as they were."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.s3 import s3_server
from sandbox.vibe_api import VibeApi
from sandbox.vibe_service import DEFAULT_KEY
from tests.orchestration.conftest import ADVERTISER, DAY, Answer, Shell, add_client

DAYS = ("--from", DAY.isoformat(), "--to", DAY.isoformat())
PERIOD = (
    "Reporting starts,Reporting ends,Campaign name,Ad set name,Ad name,Impressions,Amount spent (USD)\n"
    "2026-01-01,2026-01-31,C,S,A,1000,5.00\n"
)


@pytest.fixture(scope="module", autouse=True)
def _world(bucket: Any, vibe: VibeApi) -> None:
    """Both stand-ins are up for the whole module."""


@pytest.fixture
def acme(paidmedia: Shell, warm: None) -> str:
    if not paidmedia.sql("select 1 from control.clients where client_id = 'acme'"):
        add_client(paidmedia, "acme", "--surfside-prefix", "acme", "--set", "surfside.campaign=Always On")
        paidmedia("vibe-credentials", "set", "acme", "--advertiser-id", ADVERTISER, "--api-key", DEFAULT_KEY)
        assert paidmedia("load", "surfside", *DAYS).code == 0
    return "acme"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("load", "surfside", *DAYS, "--client", "acmee"), 1, "unknown client 'acmee'"),
        (("load", "google", *DAYS), 1, "one of surfside, vibe"),
        (("load", "facebook", *DAYS), 1, "paidmedia upload"),
        (("load", "surfside", "--from", "2025-06-09", "--to", "2025-06-08"), 1, "swap them"),
        (("load", "surfside", "--from", "9/6/2025", "--to", "2025-06-09"), 2, "YYYY-MM-DD"),
        (("load", "surfside"), 2, "--from"),
        (("upload", "no-such-file.csv", "--client", "acme"), 1, "cannot be read"),
        (("upload", "README.md", "--client", "acme"), 1, "README.md"),
        (("upload", "README.md", "--client", "acme", "--source", "vibe"), 1, "--source facebook"),
        (("release", "nothing", "--why", "x"), 1, "paidmedia status"),
        (("cpm", "set", "acme", "-5", "--from", "2025-01-01"), 2, "paidmedia cpm set --help"),
        (("cpm", "set", "acme", "0", "--from", "2025-01-01"), 1, "positive"),
        (("client", "set", "acme"), 1, "nothing to change"),
        (("client", "add", "A B", "--name", "x", "--cpm", "1", "--currency", "USD", "--from", "2025-01-01"), 1, "slug"),
        (("frobnicate",), 2, "No such command"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_line_and_changes_nothing(
    paidmedia: Shell, acme: str, words: tuple[str, ...], code: int, says: str
) -> None:
    before = paidmedia.marts()
    answer = paidmedia(*words)
    check(answer, code, says)
    assert paidmedia.marts() == before


def test_a_period_aggregate_says_how_to_export_by_day(paidmedia: Shell, acme: str, tmp_path: Path) -> None:
    before = paidmedia.marts()
    export = tmp_path / "january.csv"
    export.write_text(PERIOD)
    check(paidmedia("upload", str(export), "--client", acme), 1, "Day")
    assert paidmedia.marts() == before


def test_a_missing_level_names_the_setting_to_make(paidmedia: Shell, acme: str) -> None:
    paidmedia("client", "set", acme, "--set", "surfside.campaign=")
    check(paidmedia("load", "surfside", *DAYS), 1, f"paidmedia client set {acme} --set surfside.campaign=")
    paidmedia("client", "set", acme, "--set", "surfside.campaign=Always On")


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("S3_BUCKET_NAME", "no-such-bucket", "no-such-bucket"),
        ("S3_BUCKET_NAME", "", "S3_BUCKET_NAME"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "127.0.0.1:9"),
        ("MAX_UPLOAD_SIZE", "plenty", "MAX_UPLOAD_SIZE"),
    ],
)
def test_a_bucket_that_cannot_be_read_is_named(
    paidmedia: Shell, acme: str, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, says: str
) -> None:
    monkeypatch.setenv(setting, value)
    before = [] if setting == "MAX_UPLOAD_SIZE" else paidmedia.marts()
    check(paidmedia("load", "surfside", *DAYS), 1, says)
    monkeypatch.undo()
    assert not before or paidmedia.marts() == before


def test_a_refused_key_of_the_bucket_is_said(paidmedia: Shell, acme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server(access_key="the-right-one") as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        check(paidmedia("load", "surfside", *DAYS), 1, "AWS_ACCESS_KEY_ID")


def test_a_wrong_vibe_key_is_said_without_showing_it(paidmedia: Shell, acme: str) -> None:
    paidmedia("vibe-credentials", "set", acme, "--advertiser-id", ADVERTISER, "--api-key", "wrong-key")
    answer = paidmedia("load", "vibe", *DAYS)
    check(answer, 1, "paidmedia vibe-credentials set acme")
    assert "wrong-key" not in answer.out + answer.err


def test_a_database_that_is_away_is_said(paidmedia: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:9/none")
    check(paidmedia("client", "list"), 1, "DATABASE_URL")


def test_a_load_that_serves_no_client_says_how_to_set_one_up(paidmedia: Shell, acme: str) -> None:
    add_client(paidmedia, "unset")
    paidmedia("client", "disable", acme)
    paidmedia("client", "add", "unset-too", "--name", "T", "--cpm", "1", "--currency", "USD", "--from", "2025-01-01")
    check(paidmedia("load", "surfside", *DAYS), 1, "--surfside-prefix")
    check(paidmedia("load", "vibe", *DAYS), 1, "paidmedia vibe-credentials set")


def check(answer: Answer, code: int, says: str) -> None:
    """One error line with the words looked for, and no traceback."""
    assert answer.code == code, answer.err
    errors = [line for line in answer.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, answer.err
    assert says in errors[0]
    assert "Traceback" not in answer.err + answer.out
