"""Which numbers count when platforms say a day twice: each rule once, from files to marts.

The one place where these rules stand with their numbers. dbt's unit tests have them model by model, tests/histories in
random order; other tests name a rule only where something of their own rests on it.

one client per rule → its deliveries through the loaders → verdicts → one dbt build → daily_metrics
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from loaders.ledger.pipeline import prepare_all
from loaders.results import DeliveryOutcome
from sandbox.s3 import put_object, s3_client, s3_server
from tests.histories.building import build
from tests.loaders import files
from tests.loaders.vibe_accounts import Account, Time, moody_api, open_account
from tests.sources import facebook, surfside
from warehouse.clients import clients
from warehouse.deliveries import verdicts
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

DAY = date(2025, 11, 4)
MORNING = datetime(2025, 11, 8, 4, 30, tzinfo=UTC)
BUCKET = "reports"
HELD = [{"expectation": "plausible", "summary": "made up by a test"}]


def export(*impressions: int | None, ads: tuple[str, ...] = ("Video 1",)) -> bytes:
    """A Facebook export of the days from DAY on, each ad with that many impressions; None leaves a day out."""
    rows = [
        (*row[:3], ad, *row[4:])
        for number, count in enumerate(impressions)
        if count is not None
        for ad in ads
        for row in [files.facebook_row(DAY + timedelta(days=number), count)]
    ]
    return files.facebook(*rows)


@dataclass
class Desk:
    """Where deliveries come in; what a test wants to know of them is kept by the client's name."""

    settings: Settings
    outcomes: dict[str, list[DeliveryOutcome]] = field(default_factory=dict)

    def client(self, client_id: str) -> str:
        with database.session(self.settings) as current:
            clients.add_client(
                current,
                client_id,
                name=client_id.title(),
                currency="USD",
                cpm=Decimal(10),
                effective_date=date(2025, 1, 1),
                source_settings={("surfside", "prefix"): client_id, ("surfside", "campaign"): "Always On"},
            )
        self.outcomes[client_id] = []
        return client_id

    def upload(self, client_id: str, *exports: bytes, is_held: bool = False, **options: Any) -> str:
        """Take exports in, one after the other, and judge them; the id of the last delivery."""
        for data in exports:
            upload_id = facebook.receive(self.settings, data, "export.csv", client_id, "ann", **options)
            (outcome,) = facebook.load(self.settings, upload_id).deliveries
            self.outcomes[client_id].append(outcome)
            self.judge(is_held=is_held)
        return outcome.delivery_id or ""

    def judge(self, *, is_held: bool = False) -> None:
        with database.session(self.settings) as current:
            for source in ("surfside", "vibe", "facebook"):
                judged = [
                    verdicts.Judgement(*each, failures=HELD if is_held else [])
                    for each in verdicts.pending(current, source)
                ]
                verdicts.record(current, source, judged)

    def release(self, delivery_id: str) -> None:
        with database.session(self.settings) as current:
            verdicts.release(current, delivery_id, why="a test of the release")

    def statuses(self, client_id: str) -> list[str]:
        return [outcome.status for outcome in self.outcomes[client_id]]

    def impressions(self, client_id: str) -> list[int]:
        """The client's impressions by day, as the marts say them."""
        query = "select sum(impressions) from marts.daily_metrics where client_id = :c group by date order by date"
        with database.session(self.settings) as current:
            return [int(count) for count in current.scalars(text(query), {"c": client_id})]


@pytest.fixture(scope="module")
def desk(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Everything delivered and judged, and the marts built once."""
    with s3_server() as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.setenv("S3_BUCKET_NAME", BUCKET)
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("VIBE_CREATES_PER_HOUR", "10000")
        desk = Desk(get_settings())
        uploads(desk)
        holds(desk)
        objects(desk, endpoint)
        time = Time(MORNING)
        with moody_api(time) as api:
            patch.setenv("VIBE_API_BASE_URL", api.base_url)
            reports(desk, open_account(api, time, [desk.client("empty-day")]))
        prepare_all(desk.settings)
        build(desk.settings, Path(tmp_path_factory.mktemp("target")))
        yield desk


def uploads(desk: Desk) -> None:
    desk.upload(desk.client("overlap"), export(100, 100, 100, 100), export(None, None, 150, 150, 150, 150))
    desk.upload(desk.client("vanished"), export(100, 100, ads=("Video 1", "Video 2")), export(70, 80))
    desk.upload(desk.client("gap"), export(100, 100, 100), export(7, None, 9))
    desk.upload(desk.client("twice"), export(100, 100), export(100, 100))
    desk.upload(desk.client("back-and-forth"), export(100), export(120))
    desk.upload("back-and-forth", export(100))
    desk.upload("back-and-forth", export(100), supersede=True)
    for client_id in ("older", "older-as-of", "older-supersedes"):
        desk.upload(desk.client(client_id), export(100, 100, 100), export(90, 95))
    desk.upload("older-as-of", export(90, 95), as_of=datetime(2025, 11, 7, tzinfo=UTC))
    desk.upload("older-supersedes", export(90, 95), supersede=True)


def holds(desk: Desk) -> None:
    for client_id in ("held", "held-released", "held-replaced", "held-released-late", "held-twice"):
        desk.upload(desk.client(client_id), export(100, 100))
        held = desk.upload(client_id, export(999_999, 100), is_held=True)
        if client_id in ("held-replaced", "held-released-late"):
            desk.upload(client_id, export(130, 100))
        if client_id in ("held-released", "held-released-late"):
            desk.release(held)
        if client_id == "held-twice":
            desk.upload(client_id, export(999_999, 100))


def objects(desk: Desk, endpoint: str) -> None:
    """A Surfside object that is written anew, and one that is older than what was loaded before it."""
    bucket, client_id = s3_client(endpoint), desk.client("object")
    bucket.create_bucket(Bucket=BUCKET)

    def put(day: date, hours: int, *impressions: int) -> None:
        rows = [files.surfside_row(DAY + timedelta(days=number), count) for number, count in enumerate(impressions)]
        key = f"{client_id}/media-report-{day}.csv"
        put_object(bucket, BUCKET, key, files.surfside(*rows), MORNING + timedelta(hours=hours))

    def load(day: date) -> None:
        desk.outcomes[client_id] += surfside.load(desk.settings, client_id, day, day).deliveries

    put(DAY, 0, 100, 100, 100)
    load(DAY)
    load(DAY)
    put(DAY, 2, 110, 100, 100)
    load(DAY)
    put(DAY + timedelta(days=1), 1, 1, 105, 105, 105)
    load(DAY + timedelta(days=1))
    desk.judge()


def reports(desk: Desk, account: Account) -> None:
    """A Vibe report that says nothing any more of a day on which there was something."""
    (client_id,) = account.clients
    account.api.reports[client_id] = lambda start, _: files.vibe(
        *(files.vibe_row(start + timedelta(days=number), "50.0") for number in range(3))
    )
    desk.outcomes[client_id] += account.load(days=3).deliveries
    account.api.reports[client_id] = lambda start, _: files.vibe(
        files.vibe_row(start, "60.0"), files.vibe_row(start + timedelta(days=2), "70.0")
    )
    desk.outcomes[client_id] += account.load(days=3).deliveries
    desk.judge()


@pytest.mark.parametrize(
    ("client_id", "statuses", "impressions"),
    [
        ("overlap", ["loaded", "loaded"], [100, 100, 150, 150, 150, 150]),
        ("vanished", ["loaded", "loaded"], [70, 80]),
        ("gap", ["loaded", "loaded"], [7, 100, 9]),
        ("twice", ["loaded", "duplicate"], [100, 100]),
        ("back-and-forth", ["loaded", "loaded", "duplicate", "loaded"], [100]),
        ("older", ["loaded", "refused"], [100, 100, 100]),
        ("older-as-of", ["loaded", "refused", "loaded"], [100, 100, 100]),
        ("older-supersedes", ["loaded", "refused", "loaded"], [90, 95, 100]),
        ("held", ["loaded", "loaded"], [100, 100]),
        ("held-released", ["loaded", "loaded"], [999_999, 100]),
        ("held-replaced", ["loaded", "loaded", "loaded"], [130, 100]),
        ("held-released-late", ["loaded", "loaded", "loaded"], [130, 100]),
        ("held-twice", ["loaded", "loaded", "duplicate"], [100, 100]),
        ("object", ["loaded", "duplicate", "loaded", "loaded"], [110, 100, 100, 105]),
        ("empty-day", ["loaded", "loaded"], [60, 70]),
    ],
)
def test_a_restated_day_counts_as_its_newest_delivery_says(
    desk: Desk, client_id: str, statuses: list[str], impressions: list[int]
) -> None:
    assert desk.statuses(client_id) == statuses
    assert desk.impressions(client_id) == impressions


def test_the_refusal_of_an_older_export_names_days_numbers_and_both_ways_out(desk: Desk) -> None:
    assert desk.outcomes["older"][-1].error == (
        "export.csv ends on 2025-11-05 and differs from a loaded export up to 2025-11-06: it may be an old file"
        " (2025-11-04: impressions 100 → 90; 2025-11-05: impressions 100 → 95): upload it with --supersede if it is"
        " the newer one, with --as-of TIME if it is the older one"
    )


def test_an_upload_of_what_is_held_already_says_how_to_release_it(desk: Desk) -> None:
    query = text("select message from control.uploaded_files where client_id = 'held-twice' and status = 'duplicate'")
    with database.session(desk.settings) as current:
        message = current.scalar(query)
    held = desk.outcomes["held-twice"][1].delivery_id
    assert message == (
        f"the same file was delivered before, as {held}, which is held: paidmedia release {held} --why …"
    )


def test_an_object_that_takes_anothers_place_within_the_second_is_not_missed(desk: Desk, database_url: str) -> None:
    """S3 tells times by the second: an object that was fetched in the second of its writing is looked at again."""
    now = datetime.now(UTC)
    with s3_server() as endpoint:
        settings = desk.settings.model_copy(update={"aws_endpoint_url": endpoint})
        bucket, key = s3_client(endpoint), f"object/media-report-{DAY + timedelta(days=9)}.csv"
        bucket.create_bucket(Bucket=BUCKET)
        statuses = []
        for impressions in (1, 1, 2):
            put_object(bucket, BUCKET, key, files.surfside(files.surfside_row(DAY, impressions)), now)
            (outcome,) = surfside.load(settings, "object", DAY + timedelta(days=9), DAY + timedelta(days=9)).deliveries
            statuses.append(outcome.status)
    assert statuses == ["loaded", "duplicate", "loaded"]
