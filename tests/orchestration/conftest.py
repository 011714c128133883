"""The product's own command, typed in this process, on a real bucket, a real API and this module's database."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from orchestration import cli
from orchestration.defs import transform
from sandbox import samples
from sandbox.s3 import put_object, s3_client, s3_server
from sandbox.vibe_api import VibeApi, vibe_api
from tests import warm_dbt
from warehouse.postgres import database

BUCKET = "reports"
ADVERTISER = "advertiser-of-acme"
DAY = samples.SURFSIDE_WEEK.last_day


@dataclass
class Answer:
    """What a command came to; `line` is its last line on standard error."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


@dataclass
class Shell:
    """Types commands and asks the marts."""

    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    asked: list[str] = field(default_factory=list)

    def __call__(self, *words: str) -> Answer:
        self.patch.setattr(sys, "argv", ["paidmedia", *words])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self.capsys.readouterr()
        return Answer(int(ended.value.code or 0), out, err)

    def sql(self, query: str, **values: Any) -> list[tuple]:
        with database.session() as current:
            return [tuple(row) for row in current.execute(text(query), values)]

    def marts(self) -> list[tuple]:
        """Every row of the fact and of the weekly summaries, to compare before and after."""
        if not self.sql("select 1 from pg_tables where schemaname = 'marts' limit 1"):
            return []
        return self.sql("select * from marts.daily_metrics order by client_id, date, source, creative_id") + self.sql(
            "select client_id, week_start, impressions, spend from marts.weekly_summaries order by 1, 2"
        )


@pytest.fixture
def paidmedia(database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The builds of this test have dbt from the warm process, and no data tests: neither is what it looks at."""
    dbt = warm_dbt.program(tmp_path)
    monkeypatch.setattr(transform, "dbt_executable", lambda: dbt)


@pytest.fixture(scope="module")
def bucket(database_url: str) -> Iterator[Any]:
    """A client of an S3 endpoint that holds one week's file for the client acme; the settings point at it."""
    with s3_server() as endpoint, pytest.MonkeyPatch.context() as patch:
        client = s3_client(endpoint)
        client.create_bucket(Bucket=BUCKET)
        put_object(client, BUCKET, f"acme/media-report-{DAY}.csv", samples.surfside_week())
        patch.setenv("S3_BUCKET_NAME", BUCKET)
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        yield client


@pytest.fixture(scope="module")
def vibe(database_url: str) -> Iterator[VibeApi]:
    """The API with one report for the advertiser of acme; the settings point at it."""
    reports = {ADVERTISER: samples.vibe_report()}
    with (
        vibe_api(reports=reports, min_poll_seconds=0, ready_after_seconds=0) as api,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("VIBE_API_BASE_URL", api.base_url)
        patch.setenv("VIBE_POLL_SECONDS", "0.05")
        yield api


def add_client(paidmedia: Shell, slug: str, *words: str, cpm: str = "17") -> None:
    """A client at a CPM from 2025 on."""
    answer = paidmedia(
        "client", "add", slug, "--name", slug.title(), "--cpm", cpm, "--currency", "USD", "--from", "2025-01-01", *words
    )
    assert answer.code == 0, answer.err
