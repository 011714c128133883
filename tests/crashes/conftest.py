"""A client of each source, with the source's outside world around it, on this module's database."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.s3 import s3_client, s3_server
from sandbox.vibe_api import vibe_api
from tests import warm_dbt
from tests.crashes.outside import BUCKET, Api, Bucket, Uploads
from warehouse.clients import clients, credentials
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

_numbers = count(1)


@pytest.fixture
def ask(settings: Settings) -> Callable[..., list[Any]]:
    """Rows of a query, with named parameters."""

    def run(query: str, **parameters: Any) -> list[Any]:
        with database.session(settings) as current:
            return [tuple(row) for row in current.execute(text(query), parameters)]

    return run


@pytest.fixture
def dbt(tmp_path: Path) -> str:
    """dbt from the warm process, without data tests, for the builds that nobody kills."""
    return warm_dbt.program(tmp_path)


@pytest.fixture(scope="module")
def bucket(database_url: str) -> Iterator[Bucket]:
    """Surfside's bucket, over S3; the settings point at it."""
    with s3_server() as endpoint, pytest.MonkeyPatch.context() as patch:
        s3 = s3_client(endpoint)
        s3.create_bucket(Bucket=BUCKET)
        patch.setenv("S3_BUCKET_NAME", BUCKET)
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        settings = get_settings()
        client_id = add_client(settings, "of-surfside", prefix="of-surfside", campaign="Always On")
        yield Bucket(settings, client_id, s3)


@pytest.fixture(scope="module")
def api(database_url: str) -> Iterator[Api]:
    """Vibe's API, over HTTP; without its hourly limit, which has its own tests. The settings point at it."""
    settings = get_settings()
    outside = Api(settings, add_client(settings, "of-vibe"))
    account = {"advertiser_id": Api.advertiser, "api_key": outside.client_id}
    options = {"min_poll_seconds": 0.02, "ready_after_seconds": 0.05, "creates_per_hour": 100_000}
    with (
        vibe_api(reports={Api.advertiser: outside.report}, **options) as outside.server,
        pytest.MonkeyPatch.context() as patch,
    ):
        outside.server.accounts[outside.client_id] = {Api.advertiser}
        patch.setenv("VIBE_API_BASE_URL", outside.server.base_url)
        patch.setenv("VIBE_POLL_SECONDS", "0.02")
        patch.setenv("VIBE_CREATES_PER_HOUR", "100000")
        with database.session(settings) as current:
            credentials.set_vibe_credentials(current, settings, outside.client_id, **account)
        yield outside


@pytest.fixture
def uploads(settings: Settings) -> Uploads:
    """Facebook's exports, of a client of this test alone."""
    return Uploads(settings, add_client(settings, f"of-facebook-{next(_numbers)}"))


def add_client(settings: Settings, client_id: str, **surfside: str) -> str:
    """A client, with its settings of Surfside if it is served there."""
    with database.session(settings) as current:
        clients.add_client(
            current,
            client_id,
            name=client_id.title(),
            currency="USD",
            cpm=Decimal(10),
            effective_date=date(2025, 1, 1),
            source_settings={("surfside", name): value for name, value in surfside.items()},
        )
    return client_id
