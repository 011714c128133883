"""The three outside worlds of the crash tests: each delivers the same three days anew, with other numbers each time.

So every delivery restates the one before, and the newest has to win whatever was killed on the way.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sandbox.s3 import put_object
from sandbox.vibe_api import VibeApi
from tests.crashes import work
from tests.crashes.victims import Work
from tests.loaders import files
from tests.sources import facebook
from warehouse.settings import Settings

FIRST_DAY = date(2025, 11, 3)
DAYS = tuple(FIRST_DAY + timedelta(days=number) for number in range(3))
ROWS = 2_000
BUCKET = "reports"


@dataclass(frozen=True)
class Delivery:
    """One delivery of a world: the work that loads it, and what is true of it.

    `sums` are impressions, clicks, conversions, conversion revenue and reported spend; None for what the source lacks.
    """

    number: int
    work: Work
    arguments: tuple[Any, ...]
    sums: tuple[Decimal | int | None, ...]


class Outside(ABC):
    """A source with one client, which delivers again and again."""

    source: str
    table: str

    def __init__(self, settings: Settings, client_id: str) -> None:
        self.settings, self.client_id = settings, client_id

    @abstractmethod
    def deliver(self, number: int) -> Delivery:
        """Put the delivery of that number where a load finds it."""

    @abstractmethod
    def origins(self, delivery: Delivery) -> list[str]:
        """By what `deliveries.origin` may know it."""

    def sums(self, number: int, **constants: str | int) -> tuple[Decimal | int | None, ...]:
        """The sums of a delivery whose other measures are the same in every row."""
        names = ("clicks", "conversions", "revenue", "spend")
        others = (Decimal(constants[name]) * ROWS if name in constants else None for name in names)
        return (sum(impressions(number, row) for row in range(ROWS)), *others)


def impressions(number: int, row: int) -> int:
    """Of one row of a delivery: no two deliveries have the same sum."""
    return 10 + number + row % 7


def day_of(row: int) -> date:
    """The day of a row."""
    return DAYS[row % len(DAYS)]


class Bucket(Outside):
    """Surfside: one more file in the bucket, modified a minute later."""

    source, table = "surfside", "media_report"

    def __init__(self, settings: Settings, client_id: str, s3: Any) -> None:
        super().__init__(settings, client_id)
        self.s3 = s3

    def deliver(self, number: int) -> Delivery:
        """The file's own day is in its name; its rows are of the three days."""
        rows = (files.surfside_row(day_of(row), impressions(number, row)) for row in range(ROWS))
        modified = datetime.combine(DAYS[-1], time(23), UTC) + timedelta(minutes=number)
        put_object(self.s3, BUCKET, self._key(number), files.surfside(*rows), modified)
        sums = self.sums(number, clicks=2, conversions=1, revenue="12.5", spend="4.76")
        return Delivery(number, work.load_surfside, (self.client_id, self._day(number)), sums)

    def origins(self, delivery: Delivery) -> list[str]:
        """The object's address."""
        return [f"s3://{BUCKET}/{self._key(delivery.number)}"]

    def _key(self, number: int) -> str:
        return f"{self.client_id}/media-report-{self._day(number)}.csv"

    @staticmethod
    def _day(number: int) -> date:
        return FIRST_DAY - timedelta(days=number)


class Api(Outside):
    """Vibe: the report of the three days says something else each time."""

    source, table = "vibe", "performance_report"
    advertiser = "advertiser-1"

    def __init__(self, settings: Settings, client_id: str) -> None:
        super().__init__(settings, client_id)
        self.number = self.asked_before = 0
        self.server: VibeApi

    def report(self, _start: date, _end: date) -> bytes:
        """What the API says now."""
        rows = (files.vibe_row(day_of(row), f"{impressions(self.number, row)}.0") for row in range(ROWS))
        return files.vibe(*rows)

    def deliver(self, number: int) -> Delivery:
        """From now on the API says that."""
        self.number, self.asked_before = number, len(self.server.creates)
        sums = self.sums(number, conversions=1, revenue="20.5", spend="0.09")
        return Delivery(number, work.load_vibe, (self.client_id, DAYS[0], DAYS[-1]), sums)

    def origins(self, delivery: Delivery) -> list[str]:
        """The reports that were asked for since."""
        return [f"report {report.report_id}" for report in self.server.creates[self.asked_before :]]


class Uploads(Outside):
    """Facebook: one more export is uploaded."""

    source, table = "facebook", "ads_export"

    def deliver(self, number: int) -> Delivery:
        """Received, and waiting to be loaded."""
        delivery, content = self.export(number)
        upload_id = facebook.receive(self.settings, content, f"{number}.csv", self.client_id, "a test")
        return replace(delivery, arguments=(str(upload_id),))

    def export(self, number: int) -> tuple[Delivery, bytes]:
        """The export of that number, not yet uploaded."""
        rows = (files.facebook_row(day_of(row), impressions(number, row)) for row in range(ROWS))
        sums = self.sums(number, clicks=3, spend="1.25")
        return Delivery(number, work.load_facebook, (), sums), files.facebook(*rows)

    def origins(self, delivery: Delivery) -> list[str]:
        """The file's name."""
        return [f"{delivery.number}.csv"]
