"""The world of a run: a home with an embedded Postgres, ten clients, an S3 server and the Vibe API with their bytes.

Everything outside the home is left as it was; the servers and Postgres stop when the run ends, however it ends.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks import deliveries
from benchmarks.sizes import Size
from benchmarks.truth import Expected, Slice, Totals, totals_of
from loaders.registry import names
from sandbox.s3 import put_object, s3_client, s3_server
from sandbox.vibe_api import vibe_api
from warehouse.clients import clients, credentials
from warehouse.control import lookup, migrate
from warehouse.errors import PaidMediaError
from warehouse.postgres import database, embedded
from warehouse.settings import Settings, get_settings

BUCKET = "surfside-reports"
CPM = Decimal("12.50")
POLL_SECONDS = "0.2"  # the stand-in's report is ready at once: waiting for a platform is not what is measured
FOREIGN = (
    "S3_",
    "AWS_",
    "LANDING_",
    "VIBE_",
    "SMTP_",
    "ALERT_",
    "PG",
    "DBT_",
    "DAGSTER_",
    "UPLOAD_",
    "MAX_",
    "SURFSIDE_",
)
CREATES_PER_HOUR = 1_000


@dataclass
class World:
    """What the stages share."""

    size: Size
    settings: Settings
    endpoint: str
    expected: Expected
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = bench_folder(self.settings.paidmedia_home)

    @property
    def postmaster(self) -> int:
        """The number of the server's main process."""
        return int((embedded.Cluster.of(self.settings.paidmedia_home).data / "postmaster.pid").read_text().split()[0])

    def path(self, source: str, client_id: str, day: date, variant: int = 0) -> Path:
        """Where the bytes of a delivery lie."""
        return self.folder / "bytes" / f"{day}" / f"{source}-{client_id}-{variant}.csv"

    def make(self, source: str, client_id: str, day: date, *, rows: int, variant: int = 0) -> Totals:
        """Make a delivery's bytes; returns what they add up to."""
        number = self.size.client_ids.index(client_id) + 1
        data = deliveries.MAKERS[source](number, day, rows, variant)
        path = self.path(source, client_id, day, variant)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return totals_of(data, source)

    def make_day(self, day: date) -> dict[Slice, Totals]:
        """Make the bytes of every client and source of a day; what they add up to, as delivered at first."""
        rows = self.size.rows_per_delivery
        return {
            (client_id, source, day): self.make(source, client_id, day, rows=rows)
            for client_id in self.size.client_ids
            for source in names()
        }

    def deliver_day(self, day: date) -> dict[Slice, Totals]:
        """Make a day and put Surfside's files into the bucket; the Vibe API has its reports by then."""
        made = self.make_day(day)
        for client_id in self.size.client_ids:
            self.put_into_bucket(client_id, day)
        return made

    def put_into_bucket(self, client_id: str, day: date, variant: int = 0) -> None:
        """Deliver a Surfside file: the newest object of its day."""
        data = self.path("surfside", client_id, day, variant).read_bytes()
        put_object(s3_client(self.endpoint), BUCKET, f"{client_id}/media-report-{day}.csv", data)


def bench_folder(home: Path) -> Path:
    """Where a run keeps its own things in its home: bytes, figures, what must come out."""
    folder = home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def world(size: Size, home: Path | None) -> Iterator[World]:
    """Start everything. Without `home`, all of it lies in a temporary folder that is removed at the end."""
    if get_settings().database_url is not None:
        raise PaidMediaError("the benchmark fills a database with made-up clients", fix="unset DATABASE_URL")
    place = Path(tempfile.mkdtemp(prefix="paidmedia-bench-")) if home is None else home.resolve()
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not any(place.iterdir()):
            size.check_disk(place)
        with _running(size, place) as started:
            yield started
    finally:
        embedded.stop(place)
        if home is None:
            shutil.rmtree(place)


@contextmanager
def _running(size: Size, home: Path) -> Iterator[World]:
    reports = _Reports(size, home)
    api_keys = {_api_key(number): [deliveries.advertiser_id(number)] for number in range(1, size.clients + 1)}
    api = vibe_api(
        reports={deliveries.advertiser_id(number): reports.of(number) for number in range(1, size.clients + 1)},
        accounts=api_keys,
        creates_per_hour=CREATES_PER_HOUR,
        min_poll_seconds=float(POLL_SECONDS),
        ready_after_seconds=0.0,
    )
    with s3_server() as endpoint, api as served:
        values = {
            "PAIDMEDIA_HOME": str(home),
            "S3_BUCKET_NAME": BUCKET,
            "S3_PREFIX": "/",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "VIBE_API_BASE_URL": served.base_url,
            "VIBE_POLL_SECONDS": POLL_SECONDS,
            "VIBE_CREATES_PER_HOUR": str(CREATES_PER_HOUR),
        }
        with _only(values):
            settings = get_settings()
            s3_client(endpoint).create_bucket(Bucket=BUCKET)
            expected = Expected(bench_folder(home) / "expected.json")
            _set_up(size, settings, expected)
            yield World(size, settings, endpoint, expected)
            database.engine(settings).dispose()


class _Reports:
    """What the Vibe API answers: the newest bytes of the days asked for."""

    def __init__(self, size: Size, home: Path) -> None:
        self._size, self._folder = size, bench_folder(home) / "bytes"

    def of(self, number: int) -> Callable[[date, date], bytes]:
        """The report of a client, by first day and the day after the last."""
        client_id = self._size.client_ids[number - 1]

        def report(start: date, end: date) -> bytes:
            if end - start != timedelta(days=1):
                raise ValueError("the benchmark loads day by day")
            return (self._folder / f"{start}" / f"vibe-{client_id}-0.csv").read_bytes()

        return report


@contextmanager
def _only(values: dict[str, str]) -> Iterator[None]:
    """The environment of the run: `values`, and none of the developer's own settings."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(FOREIGN):
            del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _set_up(size: Size, settings: Settings, expected: Expected) -> None:
    """The schema, the raw tables, the clients with their rate, prefix, rule and Vibe account; safe to repeat."""
    from loaders.ledger.pipeline import prepare_all

    migrate.migrate(settings)
    prepare_all(settings)
    since = date(2026, 1, 1)
    with database.session(settings) as current:
        known = {client.client_id for client in lookup.list_clients(current)}
        for number, client_id in enumerate(size.client_ids, start=1):
            if client_id in known:
                continue
            clients.add_client(
                current,
                client_id,
                name=f"Client {number:02}",
                currency="USD",
                cpm=CPM,
                effective_date=since,
                source_settings={("surfside", "prefix"): client_id, ("surfside", "campaign"): "Always On"},
            )
            account = {"advertiser_id": deliveries.advertiser_id(number), "api_key": _api_key(number)}
            credentials.set_vibe_credentials(current, settings, client_id, **account)
    if not expected.cpm:
        expected.price(CPM, since)


def _api_key(number: int) -> str:
    return f"sandbox-key-{number:02}"
