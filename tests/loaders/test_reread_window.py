"""The days that every daily run reads again: what they cost if nothing has changed, and what they bring if it has."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from orchestration.defs.automation import reread_tags
from sandbox.s3 import put_object, s3_client, s3_server
from tests.loaders import files
from tests.loaders.vibe_accounts import Account
from tests.sources import surfside
from warehouse.settings import Settings, get_settings

BUCKET = "reports"
DAY = date(2025, 11, 4)
MORNINGS = [datetime(2025, 11, day, 5, tzinfo=UTC) for day in (7, 8, 9)]
WON = """
    select distinct on (days.date) days.impressions
    from raw_surfside.delivery_days as days inner join raw_surfside.deliveries using (delivery_id)
    where days.client_id = :c order by days.date, deliveries.as_of desc, deliveries.delivered_at desc
"""


@pytest.fixture
def put(settings: Settings, client_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[date, int], None]]:
    """Write a day's file in the morning after it, as Surfside does; every time anew."""
    with s3_server() as endpoint:
        monkeypatch.setenv("S3_BUCKET_NAME", BUCKET)
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        bucket = s3_client(endpoint)
        bucket.create_bucket(Bucket=BUCKET)

        def write(day: date, impressions: int, *, hours: int = 0) -> None:
            written_at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC) + timedelta(days=1, hours=hours)
            data = files.surfside(files.surfside_row(day, impressions))
            put_object(bucket, BUCKET, f"{client_id}/media-report-{day}.csv", data, written_at)

        yield write


def window(morning: datetime, days: int) -> tuple[date, date]:
    first, last = sorted(reread_tags(morning, days).values())
    return date.fromisoformat(first), date.fromisoformat(last)


def test_unchanged_files_are_read_again_without_a_download_and_a_changed_one_wins(
    put: Callable[..., None], client_id: str, ask: Callable[..., list[Any]]
) -> None:
    settings, statuses = get_settings(), []
    for number in range(5):
        put(DAY + timedelta(days=number), 100 + number)
    for morning in MORNINGS:
        if morning == MORNINGS[-1]:
            put(DAY + timedelta(days=3), 999, hours=24)
        loaded = surfside.load(settings, client_id, *window(morning, settings.reread_days)).deliveries
        statuses.append([outcome.status for outcome in loaded])
    assert statuses == [
        ["loaded", "loaded", "loaded"],
        ["duplicate", "duplicate", "loaded"],
        # By their times, oldest first: the file of the fourth was written again after that of the fifth day.
        ["duplicate", "loaded", "loaded"],
    ]
    assert ask("select count(*) from raw_surfside.deliveries where client_id = :c", c=client_id) == [(6,)]
    assert ask(WON, c=client_id) == [(100,), (101,), (102,), (999,), (104,)]


def test_reading_days_again_costs_one_report_of_each_vibe_client_a_day(new_account: Callable[..., Account]) -> None:
    account = new_account(clients=2)
    days = account.settings.reread_days
    for morning in MORNINGS:
        first, last = window(morning, days)
        assert (last - first).days + 1 == days
        for client in range(2):
            assert account.load(client, days, first=first).ok
    asked = [(report.start_date, report.end_date) for report in account.api.creates]
    assert asked == [(DAY + timedelta(days=n), DAY + timedelta(days=n + days)) for n in range(3) for _ in range(2)]
