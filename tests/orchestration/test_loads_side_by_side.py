"""Loads, uploads, builds and releases at the same time, in real processes at random moments: as if one after another.

Each ends well, whatever runs beside it; it waits at most, and says for what.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from loaders.ledger.pipeline import prepare_all
from loaders.locks import locked
from sandbox.s3 import put_object
from sandbox.vibe_api import VibeApi, vibe_api
from tests import warm_dbt
from tests.loaders import files
from tests.orchestration.conftest import BUCKET, Shell, add_client
from tests.orchestration.side_by_side import Processes, Started, build, load_day, paidmedia, processes, upload
from tests.sizes import cases, report
from tests.sources import facebook
from warehouse.deliveries import verdicts
from warehouse.postgres import database
from warehouse.settings import get_settings

BUILDS = cases(1, 10)  # pairs of builds at once
ROUNDS = cases(2, 3)  # of everything else, beside each pair
SECONDS = 12.0  # within which they begin: about as long as a pair of builds takes
FIRST = date(2025, 11, 4)
HELD = [{"expectation": "plausible", "summary": "made up by a test"}]
SEED = 20_251_104


def day_of(number: int) -> date:
    return FIRST + timedelta(days=number)


@pytest.fixture(scope="module")
def api(database_url: str) -> Iterator[VibeApi]:
    def vibe_report(start: date, end: date) -> bytes:
        days = (start + timedelta(days=number) for number in range((end - start).days))
        return files.vibe(*(files.vibe_row(day, f"{7 + (day - FIRST).days}.0") for day in days))

    options = {"min_poll_seconds": 0, "ready_after_seconds": 0.2, "creates_per_hour": 100_000}
    with vibe_api(reports={"adv": vibe_report}, **options) as served, pytest.MonkeyPatch.context() as patch:
        served.accounts["key"] = {"adv"}
        patch.setenv("VIBE_API_BASE_URL", served.base_url)
        patch.setenv("VIBE_POLL_SECONDS", "0.05")
        patch.setenv("VIBE_CREATES_PER_HOUR", "100000")
        yield served


@dataclass
class Agency:
    """A client of every source, each round with a day of its own, and one whose exports are held."""

    shell: Shell
    bucket: Any
    folder: Path

    def deliver(self, number: int) -> Path:
        """Put a round's file into the bucket, and its export on the disk."""
        day = day_of(number)
        data = files.surfside(files.surfside_row(day, 1_000 + number), files.surfside_row(day, 5))
        written_at = datetime(day.year, day.month, day.day, 4, 30, tzinfo=UTC) + timedelta(days=1)
        put_object(self.bucket, BUCKET, f"acme/media-report-{day}.csv", data, written_at)
        export = self.folder / f"export-{number}.csv"
        export.write_bytes(files.facebook(files.facebook_row(day, 500 + number), files.facebook_row(day, 3)))
        return export

    def hold(self, number: int) -> str:
        """The id of a delivery that waits for its release."""
        settings, data = get_settings(), files.facebook(files.facebook_row(day_of(number), 90_000 + number))
        (outcome,) = facebook.load(
            settings, facebook.receive(settings, data, f"held-{number}.csv", "other", "ann")
        ).deliveries
        assert outcome.delivery_id is not None
        with database.session(settings) as current:
            verdicts.record(current, "facebook", [verdicts.Judgement(outcome.delivery_id, "other", HELD)])
        return outcome.delivery_id

    def statuses(self, source: str, number: int) -> list[str]:
        """What became of the two attempts of a round, in alphabetical order."""
        query = """
            select status from control.ingestion_runs
            where client_id = 'acme' and source = :source and covers_from = :day order by status
        """
        return [status for (status,) in self.shell.sql(query, source=source, day=day_of(number))]


@pytest.fixture(scope="module")
def clients(database_url: str, bucket: Any, api: VibeApi) -> list[str]:
    """The names of those that the fixture `agency` has entered: once for the module."""
    return []


@pytest.fixture
def agency(paidmedia: Shell, bucket: Any, clients: list[str], tmp_path: Path) -> Agency:
    if not clients:
        add_client(paidmedia, "acme", "--surfside-prefix", "acme", "--set", "surfside.campaign=Always On")
        add_client(paidmedia, "other")
        assert paidmedia("vibe-credentials", "set", "acme", "--advertiser-id", "adv", "--api-key", "key").code == 0
        prepare_all(get_settings())
        clients += ["acme", "other"]
    return Agency(paidmedia, bucket, tmp_path)


def start_round(agency: Agency, beside: Processes, number: int, held: str, random: Random) -> list[Started]:
    """Two of each load and each upload and a release, each at its own moment; the first round as people type it."""
    export, day = agency.deliver(number), day_of(number)
    works: list[tuple[Any, ...]] = [
        *[(load_day, "surfside", "acme", day)] * 2,
        *[(load_day, "vibe", "acme", day)] * 2,
        *[(upload, export, "acme")] * 2,
        (paidmedia, "release", held, "--why", "a test of the release"),
    ]
    if number == 0:
        works[-3:-1] = [(paidmedia, "upload", str(export), "--client", "acme", "--no-build")] * 2
    return [beside.start(*work, after=random.uniform(0, SECONDS)) for work in works]


def expected(number: int) -> set[tuple[Any, ...]]:
    """Client, source, day and impressions of a round."""
    day = day_of(number)
    return {
        ("acme", "facebook", day, 503 + number),
        ("acme", "surfside", day, 1_005 + number),
        ("acme", "vibe", day, 7 + number),
        ("other", "facebook", day, 90_000 + number),
    }


@pytest.mark.heavy
@pytest.mark.torture
def test_whatever_runs_at_the_same_time_ends_as_if_one_came_after_the_other(agency: Agency, tmp_path: Path) -> None:
    random, began, rounds = Random(SEED), time.monotonic(), range(BUILDS * ROUNDS)
    dbt = warm_dbt.program(tmp_path)
    with processes(agency.folder / "said") as beside:
        for pair in range(BUILDS):
            numbers = rounds[pair * ROUNDS : (pair + 1) * ROUNDS]
            held = [agency.hold(number) for number in numbers]
            builds = [beside.start(build, dbt, after=random.uniform(0, 2)) for _ in range(2)]
            others = [start_round(agency, beside, *each, random) for each in zip(numbers, held, strict=True)]
            for started in [*builds, *(each for others_of_round in others for each in others_of_round)]:
                started.end()
        beside.start(build, dbt).end()
        count = len(beside.started)
    for number in rounds:
        for source in ("facebook", "surfside", "vibe"):
            assert agency.statuses(source, number) == ["duplicate", "loaded"], (source, number)
    found = agency.shell.sql(
        "select client_id, source, date, sum(impressions) from marts.daily_metrics group by client_id, source, date"
    )
    assert set(found) == {row for number in rounds for row in expected(number)}
    assert agency.shell.sql("select count(*) from control.ingestion_runs where status = 'running'") == [(0,)]
    report("loads, uploads and releases beside builds", count, seconds=round(time.monotonic() - began))


@pytest.mark.heavy
def test_a_command_that_waits_says_for_what_and_for_whom(agency: Agency) -> None:
    name, day = "paidmedia load surfside acme", day_of(-30).isoformat()
    agency.deliver(-30)
    words = ("load", "surfside", "--from", day, "--to", day, "--no-build")
    with processes(agency.folder / "said") as beside:
        with locked(name, get_settings()):
            command = beside.start(paidmedia, *words)
            deadline = time.monotonic() + 60
            while not command.has_said("waiting for") and time.monotonic() < deadline:
                time.sleep(0.1)
        said = command.end()
    assert f"waiting for `{name}`, held by process " in said
