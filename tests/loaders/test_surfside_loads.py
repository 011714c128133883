"""Surfside: from a real S3 endpoint to Postgres."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loaders.clients import clients_for
from loaders.results import LoadResult
from loaders.transports.object_store.bucket import FilePattern, ReportObject
from sandbox.s3 import put_object, s3_client, s3_server
from tests.loaders import files
from tests.sources import surfside
from warehouse.clients import clients
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

BUCKET = "reports"
DAY = date(2025, 11, 4)
NEXT = DAY + timedelta(days=1)
MORNING = datetime(2025, 11, 5, 4, 30, tzinfo=UTC)


class Bucket:
    """The bucket under test."""

    def __init__(self, endpoint: str) -> None:
        self.client = s3_client(endpoint)
        self.client.create_bucket(Bucket=BUCKET)

    def put(self, client_id: str, name: str, data: bytes, hours: float = 0) -> str:
        key = f"{client_id}/{name}"
        put_object(self.client, BUCKET, key, data, MORNING + timedelta(hours=hours))
        return f"s3://{BUCKET}/{key}"


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3_server() as endpoint:
        yield Bucket(endpoint)


@pytest.fixture
def settings(database_url: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("S3_BUCKET_NAME", BUCKET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.client.meta.endpoint_url)
    return get_settings()


def statuses(result: LoadResult) -> list[str]:
    return [outcome.status for outcome in result.deliveries]


def test_a_file_becomes_rows_ledger_and_days_in_one_package(
    settings: Settings, bucket: Bucket, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    data = files.surfside(files.surfside_row(DAY, 100), files.surfside_row(NEXT, 50))
    origin = bucket.put(client_id, "media-report-2025-11-05.csv", data)
    result = surfside.load(settings, client_id, NEXT, NEXT, dagster_run_id="run-1")
    assert result.ok
    (outcome,) = result.deliveries
    assert (outcome.rows_read, outcome.rows_accepted, outcome.days) == (2, 2, (DAY, NEXT))
    found = {"id": outcome.delivery_id}
    assert ask("select source_row, date, impressions, reported_spend from raw_surfside.media_report "
               "where delivery_id = :id order by 1", **found) == [
        (2, DAY, 100, Decimal("4.76")), (3, NEXT, 50, Decimal("4.76"))
    ]  # fmt: skip
    assert ask(
        "select client_id, origin, as_of, covers_from, covers_to, rows_read, rows_accepted, rows_rejected,"
        " rows_dropped, impressions_read, impressions_accepted, impressions_rejected, dagster_run_id, warnings,"
        " size_bytes from raw_surfside.deliveries where delivery_id = :id",
        **found,
    ) == [(client_id, origin, MORNING, DAY, NEXT, 2, 2, 0, 0, 150, 150, 0, "run-1", [], len(data))]
    days = "select date, rows, impressions from raw_surfside.delivery_days where delivery_id = :id order by 1"
    assert ask(days, **found) == [(DAY, 1, 100), (NEXT, 1, 50)]
    loads = ask(
        "select count(distinct load_id), min(status) from raw_surfside._dlt_loads where load_id in ("
        " select _dlt_load_id from raw_surfside.media_report where delivery_id = :id"
        " union select _dlt_load_id from raw_surfside.deliveries where delivery_id = :id"
        " union select _dlt_load_id from raw_surfside.delivery_days where delivery_id = :id)",
        **found,
    )
    assert loads == [(1, 0)]
    assert ask(
        "select status, rows_accepted, covers_from, covers_to, dagster_run_id from control.ingestion_runs"
        " where delivery_id = :id",
        **found,
    ) == [("loaded", 2, DAY, NEXT, "run-1")]


def test_rejects_are_kept_with_the_row_to_mend(
    settings: Settings, bucket: Bucket, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    rows = [files.surfside_row(DAY) for _ in range(25)]
    bucket.put(client_id, "media-report-2025-11-04.csv", files.surfside(*rows, files.surfside_row(DAY, "4.5")))
    (outcome,) = surfside.load(settings, client_id, DAY, DAY).deliveries
    assert (outcome.rows_accepted, outcome.rows_rejected) == (25, 1)
    assert ask(
        "select source_row, column_name, value, reason, row_values ->> 'Strategy Name'"
        " from raw_surfside.rejects where delivery_id = :id",
        id=outcome.delivery_id,
    ) == [(27, "Impressions", "4.5", "fractional count", "Prospecting")]


def test_an_object_that_was_delivered_is_not_downloaded_again(
    settings: Settings, bucket: Bucket, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    bucket.put(client_id, "media-report-2025-11-04.csv", files.surfside(files.surfside_row(DAY)))
    (first,) = surfside.load(settings, client_id, DAY, DAY).deliveries
    (second,) = surfside.load(settings, client_id, DAY, DAY).deliveries
    assert (second.status, second.delivery_id) == ("duplicate", first.delivery_id)
    assert ask("select count(*) from raw_surfside.deliveries where client_id = :client", client=client_id) == [(1,)]
    assert ask(
        "select status from control.ingestion_runs where client_id = :client order by started_at", client=client_id
    ) == [("loaded",), ("duplicate",)]


def test_another_rule_reads_the_same_object_again(settings: Settings, bucket: Bucket, client_id: str) -> None:
    bucket.put(client_id, "media-report-2025-11-04.csv", files.surfside(files.surfside_row(DAY)))
    assert statuses(surfside.load(settings, client_id, DAY, DAY)) == ["loaded"]
    with database.session(settings) as current:
        clients.set_source_settings(current, client_id, {("surfside", "campaign"): "Renamed"})
    assert statuses(surfside.load(settings, client_id, DAY, DAY)) == ["loaded"]


def test_the_same_bytes_under_a_newer_time_are_a_duplicate_unless_others_came_between(
    settings: Settings, bucket: Bucket, client_id: str
) -> None:
    first, second = (files.surfside(files.surfside_row(DAY, number)) for number in (1, 2))
    for hours, data, expected in (
        (0, first, "loaded"),
        (1, first, "duplicate"),
        (2, second, "loaded"),
        (3, first, "loaded"),
    ):
        bucket.put(client_id, "media-report-2025-11-04.csv", data, hours)
        assert statuses(surfside.load(settings, client_id, DAY, DAY)) == [expected], hours


def test_two_objects_of_the_same_bytes_in_one_call_are_one_delivery(
    settings: Settings, bucket: Bucket, client_id: str
) -> None:
    data = files.surfside(files.surfside_row(DAY))
    bucket.put(client_id, "media-report-2025-11-04.csv", data)
    bucket.put(client_id, "media-report-2025-11-05.csv", data, 1)
    assert statuses(surfside.load(settings, client_id, DAY, NEXT)) == ["loaded", "duplicate"]


def test_a_missing_day_is_a_failure_that_names_bucket_and_key_and_the_others_load(
    settings: Settings, bucket: Bucket, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    bucket.put(client_id, "media-report-2025-11-04.csv", files.surfside(files.surfside_row(DAY)))
    result = surfside.load(settings, client_id, DAY, NEXT)
    assert statuses(result) == ["loaded", "failed"]
    assert not result.ok
    (error,) = result.errors
    assert f"expected {client_id}/media-report-2025-11-05.csv (or .xlsx) in bucket {BUCKET}" in error
    assert ask(
        "select status, covers_from, error from control.ingestion_runs where client_id = :client and status = 'failed'",
        client=client_id,
    ) == [("failed", NEXT, error)]


def test_consecutive_missing_days_are_one_line(settings: Settings, client_id: str) -> None:
    result = surfside.load(settings, client_id, DAY, DAY + timedelta(days=399))
    assert len(result.errors) == 1
    assert "no Surfside file for 2025-11-04 to 2026-12-08" in result.errors[0]


def test_a_refused_file_names_the_setting_and_leaves_raw_as_it_was(
    settings: Settings, bucket: Bucket, new_client: Callable[..., str], ask: Callable[..., list[Any]]
) -> None:
    client_id = new_client(campaign="")
    bucket.put(client_id, "media-report-2025-11-04.csv", files.surfside(files.surfside_row(DAY)))
    (outcome,) = surfside.load(settings, client_id, DAY, DAY).deliveries
    assert outcome.status == "refused"
    assert outcome.error is not None
    assert f'paidmedia client set {client_id} --set surfside.campaign="Always On"' in outcome.error
    assert ask("select count(*) from raw_surfside.deliveries where client_id = :client", client=client_id) == [(0,)]


@pytest.mark.heavy
def test_the_newest_object_of_a_day_is_found_among_thousands(
    settings: Settings, bucket: Bucket, client_id: str
) -> None:
    """More than one page of a listing, other clients' folders, deeper folders, names that only begin alike."""
    prefix = f"{client_id}/media-report-"
    for number in range(1_050):
        bucket.client.put_object(Bucket=BUCKET, Key=f"{prefix}2024-{number:04}-x.csv", Body=b"")
    wanted = files.surfside(files.surfside_row(DAY, 7))
    bucket.put(client_id, "media-report-2025-11-04.csv", files.surfside(files.surfside_row(DAY, 1)), 0)
    bucket.put(
        client_id,
        "media-report-2025-11-04 (final).xlsx",
        files.xlsx_bytes(files.SURFSIDE, [files.surfside_row(DAY, 7)]),
        2,
    )
    bucket.put(client_id, "media-report-2025-11-041.csv", wanted, 3)
    bucket.put(client_id, "archive/media-report-2025-11-04.csv", wanted, 4)
    bucket.put(client_id, "media-report-2025-11-04.txt", wanted, 5)
    (outcome,) = surfside.load(settings, client_id, DAY, DAY).deliveries
    assert outcome.origin.endswith("media-report-2025-11-04 (final).xlsx")
    result = surfside.load(settings, client_id, DAY, NEXT)
    assert statuses(result) == ["duplicate", "failed"]


@pytest.mark.heavy
def test_sixty_daily_files_take_seconds_of_processor(settings: Settings, bucket: Bucket, client_id: str) -> None:
    for number in range(60):
        day = DAY + timedelta(days=number)
        rows = [files.surfside_row(day - timedelta(days=back), 10 + back) for back in range(3)] * 10
        bucket.put(client_id, f"media-report-{day}.csv", files.surfside(*rows), 24 * number)
    began = time.process_time()
    result = surfside.load(settings, client_id, DAY, DAY + timedelta(days=59))
    assert statuses(result) == ["loaded"] * 60
    assert time.process_time() - began < 20  # about 3 s


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"S3_BUCKET_NAME": "elsewhere"}, "there is no bucket elsewhere: check S3_BUCKET_NAME"),
        ({"S3_BUCKET_NAME": ""}, "S3_BUCKET_NAME is not set"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "bucket reports cannot be reached"),
        ({"SURFSIDE_FILE_PATTERN": "report"}, "SURFSIDE_FILE_PATTERN 'report' cannot be used"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_clear_line(
    settings: Settings, client_id: str, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], message: str
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    if "PATTERN" in next(iter(changes)):
        with pytest.raises(PaidMediaError, match=message):
            surfside.load(get_settings(), client_id, DAY, DAY)
        return
    result = surfside.load(get_settings(), client_id, DAY, DAY)
    assert statuses(result) == ["failed"]
    assert message in result.errors[0]
    assert "\n" not in result.errors[0]


def test_a_wrong_key_is_one_clear_line(settings: Settings, client_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server(access_key="the-right-one") as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        result = surfside.load(get_settings(), client_id, DAY, DAY)
    assert re.search(r"S3 refuses the key for bucket reports.*check AWS_ACCESS_KEY_ID", result.errors[0])


def test_a_client_without_a_prefix_is_no_surfside_client_beside_others(
    settings: Settings, bucket: Bucket, new_client: Callable[..., str]
) -> None:
    alone = new_client(prefix="")
    assert clients_for(settings, "surfside") == [alone]
    bucket.client.put_object(
        Bucket=BUCKET, Key="media-report-2025-11-04.csv", Body=files.surfside(files.surfside_row(DAY))
    )
    assert statuses(surfside.load(settings, alone, DAY, DAY)) == ["loaded"]
    other = new_client()
    assert clients_for(settings, "surfside") == [other]
    with pytest.raises(PaidMediaError, match=f"client {alone} has no S3 prefix: paidmedia client set {alone}"):
        surfside.load(settings, alone, DAY, DAY)
    with pytest.raises(PaidMediaError, match="unknown client 'nobody'"):
        clients_for(settings, "surfside", "nobody")


def test_the_general_prefix_comes_before_the_clients_own(
    settings: Settings, bucket: Bucket, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(f"agency/{client_id}", "media-report-2025-11-04.csv", files.surfside(files.surfside_row(DAY)))
    monkeypatch.setenv("S3_PREFIX", "/agency/")
    (outcome,) = surfside.load(get_settings(), client_id, DAY, DAY).deliveries
    assert outcome.origin == f"s3://{BUCKET}/agency/{client_id}/media-report-2025-11-04.csv"


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("media-report-{date}", "media-report-2025-11-04.csv"),
        ("media-report-{date}.csv", "media-report-2025-11-04.XLSX"),
        ("client-media-{date:%Y%m%d}", "client-media-20251104_v2.csv"),
        ("client-media-YYYYMMDD", "client-media-20251104.csv"),
        ("{date:%Y}/report-{date}", "2025/report-2025-11-04.csv"),
    ],
)
def test_patterns_find_their_files(setting: str, key: str) -> None:
    found = ReportObject(f"acme/{key}", MORNING, 1)
    assert FilePattern.parse(setting, "SURFSIDE_FILE_PATTERN").newest([found], "acme/", DAY) == found
    assert FilePattern.parse(setting, "SURFSIDE_FILE_PATTERN").newest([found], "acme/", NEXT) is None
