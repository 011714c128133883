"""A range of days in one load against the same days one by one: the same marts, and few reports.

two clients with the same files and reports → loaded at once, loaded day by day → one dbt build → every mart compared
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from loaders.ledger.pipeline import prepare_all
from loaders.results import LoadResult
from loaders.timespan import days_between
from loaders.transports.report_api.api import MAX_DAYS
from sandbox.s3 import put_object, s3_client, s3_server
from sandbox.vibe_api import VibeApi, vibe_api
from tests.histories.building import build
from tests.loaders import files
from tests.sizes import cases, report
from tests.sources import surfside, vibe
from warehouse.clients import credentials
from warehouse.deliveries import verdicts
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

DAYS = cases(48, 400)  # more than one report either way
FIRST = date(2025, 1, 6)
LAST = FIRST + timedelta(days=DAYS - 1)
REPORTS = -(-DAYS // MAX_DAYS)
BUCKET = "reports"
SEED = 20_251_104
# What tells the twins apart: their names and keys, and how often they were loaded.
DIFFERENT = ("client_name", "deliveries", "last_delivered_at", "last_as_of", "rows_read", "rows_accepted")


@dataclass(frozen=True)
class Twins:
    """Two clients of which the same is true."""

    settings: Settings
    api: VibeApi
    at_once: str
    by_day: str


def surfside_files() -> Iterator[tuple[str, bytes, datetime]]:
    """Name, content and time of each file: three days back, with gaps, vanished rows, late files, some sent twice."""
    random, last_data = Random(SEED), b""
    for day in days_between(FIRST, LAST):
        morning = datetime(day.year, day.month, day.day, 4, 30, tzinfo=UTC) + timedelta(days=1)
        fate = random.random()
        if fate < 0.03:
            continue  # no file for that day
        rows = []
        for back in range(3):
            covered = day - timedelta(days=back)
            if back == 1 and random.random() < 0.1:
                continue  # a gap inside the file's range
            for creative in ("Banner 1", "Banner 2", "Banner 3"):
                if random.random() < 0.9:
                    cells = {"creative": creative, "clicks": random.randrange(20)}
                    rows.append(files.surfside_row(covered, random.randrange(5_000), **cells))
        sent_again = 0.03 <= fate < 0.06 and last_data
        data = last_data if sent_again else files.surfside(*rows)
        is_late = 0.06 <= fate < 0.12
        yield f"media-report-{day}.csv", data, morning + timedelta(days=3 if is_late else 0)
        last_data = data


def vibe_report(first: date, end: date) -> bytes:
    """What Vibe knows of each day, whoever asks; of some it knows nothing."""
    rows = []
    for number in range((end - first).days):
        day = first + timedelta(days=number)
        random = Random(SEED + day.toordinal())
        if random.random() < 0.9:
            rows += [files.vibe_row(day, f"{random.randrange(900)}.0") for _ in range(random.randrange(1, 4))]
    return files.vibe(*rows)


@pytest.fixture
def twins(database_url: str, new_client: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Twins]:
    options = {"min_poll_seconds": 0, "ready_after_seconds": 0, "creates_per_hour": 100_000}
    with s3_server() as endpoint, vibe_api(reports={"adv": vibe_report}, **options) as api:
        bucket = s3_client(endpoint)
        bucket.create_bucket(Bucket=BUCKET)
        changes = {
            "S3_BUCKET_NAME": BUCKET,
            "AWS_ENDPOINT_URL": endpoint,
            "VIBE_API_BASE_URL": api.base_url,
            "VIBE_POLL_SECONDS": "0.01",
            "VIBE_CREATES_PER_HOUR": "100000",
        }
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        settings, pair = get_settings(), (new_client(), new_client())
        for client_id in pair:
            api.accounts[client_id] = {"adv"}
            with database.session(settings) as current:
                credentials.set_vibe_credentials(current, settings, client_id, advertiser_id="adv", api_key=client_id)
            for name, data, written_at in surfside_files():
                put_object(bucket, BUCKET, f"{client_id}/{name}", data, written_at)
        yield Twins(settings, api, *pair)


def let_through(settings: Settings) -> None:
    """Every delivery passes: what the expectations say is another test."""
    with database.session(settings) as current:
        for source in ("surfside", "vibe"):
            passed = [verdicts.Judgement(*each) for each in verdicts.pending(current, source)]
            verdicts.record(current, source, passed)


def marts_of(settings: Settings, client_id: str) -> dict[str, list[Any]]:
    """Every row of every mart of a client, without what tells it from its twin, in a stable order.

    `metric_restatements` tells when which delivery changed a day: that is what the twins differ in.
    """
    tables = """
        select table_name from information_schema.columns
        where table_schema = 'marts' and column_name = 'client_id' and table_name <> 'metric_restatements'
    """
    found = {}
    with database.session(settings) as current:
        for (table,) in current.execute(text(tables)).all():
            query = text(f"select to_jsonb(mart)::text from marts.{table} as mart where client_id = :client")
            rows = [bare(json.loads(row, parse_float=Decimal)) for row in current.scalars(query, {"client": client_id})]
            found[table] = sorted(rows, key=repr)
    return found


def bare(value: Any) -> Any:
    """A row without keys and names of its client, down to the lists inside it."""
    if isinstance(value, dict):
        kept = {name: bare(inner) for name, inner in value.items() if name not in DIFFERENT}
        return {name: inner for name, inner in kept.items() if name != "id" and not name.endswith("_id")}
    return [bare(inner) for inner in value] if isinstance(value, list) else value


def days_with(status: str, *results: LoadResult) -> set[date]:
    return {day for result in results for each in result.deliveries if each.status == status for day in each.days}


@pytest.mark.long
@pytest.mark.torture
def test_a_long_range_gives_the_same_marts_as_its_days_one_by_one(
    twins: Twins, tmp_path: Path, ask: Callable[..., list[Any]]
) -> None:
    settings, days, seconds = twins.settings, days_between(FIRST, LAST), []
    for load in (surfside.load, vibe.load):
        started = time.monotonic()
        at_once = load(settings, twins.at_once, FIRST, LAST)
        between = time.monotonic()
        by_day = [load(settings, twins.by_day, day, day) for day in days]
        seconds += [between - started, time.monotonic() - between]
        for status in ("loaded", "failed"):
            assert days_with(status, at_once) == days_with(status, *by_day), status
    creates = [report.api_key for report in twins.api.creates]
    assert (creates.count(twins.at_once), creates.count(twins.by_day)) == (REPORTS, DAYS)
    let_through(settings)
    prepare_all(settings)
    build(settings, tmp_path)
    once, daily = marts_of(settings, twins.at_once), marts_of(settings, twins.by_day)
    for mart, rows in once.items():
        assert rows == daily[mart], mart
    facts = once["daily_metrics"]
    assert {row["source"] for row in facts} == {"surfside", "vibe"}
    assert len({row["date"] for row in facts}) > 0.9 * DAYS
    ((restated,),) = ask(
        "select count(*) from (select date from raw_surfside.delivery_days where client_id = :c"
        " group by date having count(*) > 1) as days",
        c=twins.at_once,
    )
    assert restated > 0.8 * DAYS
    report(
        "days loaded in one call and one by one",
        DAYS,
        rows_compared=sum(len(rows) for rows in once.values()),
        reports_in_one_call=REPORTS,
        surfside_seconds=f"{seconds[0]:.1f} and {seconds[1]:.1f}",
        vibe_seconds=f"{seconds[2]:.1f} and {seconds[3]:.1f}",
    )


def test_a_long_load_says_how_many_of_its_reports_are_over(twins: Twins) -> None:
    told: list[str] = []
    assert vibe.load(twins.settings, twins.at_once, FIRST, FIRST + timedelta(days=99), on_progress=told.append).ok
    asked = [each for each in told if each.startswith("asking for ")]
    assert (
        asked[0] == f"asking for {FIRST + timedelta(days=90)} to {FIRST + timedelta(days=99)} (0 of 3 reports are over)"
    )
    assert len(asked) == 3
    done = [each.partition(" is done ")[2] for each in told if " is done " in each]
    assert done == [f"({number} of 3 reports are over)" for number in range(3)]
