"""What the loader tests share: clients with rules, files in the sources' shapes, and a look into Postgres."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

from loaders.files.columns import SourceColumns
from loaders.files.reading import Reader
from tests.loaders.vibe_accounts import Account, MoodyApi, Time, moody_api, open_account
from warehouse.clients import clients
from warehouse.postgres import database
from warehouse.settings import Settings

RULES = {"campaign": "Always On"}
_numbers = count(1)


@pytest.fixture
def reader_of() -> Callable[..., Reader]:
    """A reader without a database: `reader_of(COLUMNS, rules={…}, currency="EUR")`."""

    def make(spec: SourceColumns, **changes: Any) -> Reader:
        options: dict[str, Any] = {
            "client_id": "acme",
            "currency": "USD",
            "rules": {},
            "max_size": 2**20,
            "max_reject_share": 0.05,
        }
        return Reader(spec, **options | changes)

    return make


@pytest.fixture
def new_client(settings: Settings) -> Iterator[Callable[..., str]]:
    """Add a client with its own S3 prefix and a campaign rule; disabled again after the test."""
    made: list[str] = []

    def add(**rules: str) -> str:
        client_id = f"client-{next(_numbers)}"
        values = {"prefix": client_id, **RULES, **rules}
        with database.session(settings) as current:
            clients.add_client(
                current,
                client_id,
                name=client_id.title(),
                currency="USD",
                cpm=Decimal(10),
                effective_date=date(2025, 1, 1),
                source_settings={("surfside", setting): value for setting, value in values.items()},
            )
        made.append(client_id)
        return client_id

    yield add
    with database.session(settings) as current:
        for client_id in made:
            clients.disable_client(current, client_id)


@pytest.fixture
def client_id(new_client: Callable[..., str]) -> str:
    """A client of this test alone."""
    return new_client()


@pytest.fixture
def ask(settings: Settings) -> Callable[..., list[Any]]:
    """Rows of a query, with named parameters."""

    def run(query: str, **parameters: Any) -> list[Any]:
        with database.session(settings) as current:
            return [tuple(row) for row in current.execute(text(query), parameters)]

    return run


@pytest.fixture
def time() -> Time:
    """The time of a test with the Vibe API."""
    return Time()


@pytest.fixture
def api(time: Time) -> Iterator[MoodyApi]:
    """A Vibe API on that time, without accounts as yet."""
    with moody_api(time) as served:
        yield served


@pytest.fixture
def new_account(
    database_url: str, api: MoodyApi, time: Time, new_client: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Account]:
    """Open a Vibe account of one or more clients, whose budget is no concern unless a test says so."""
    monkeypatch.setenv("VIBE_API_BASE_URL", api.base_url)
    monkeypatch.setenv("VIBE_CREATES_PER_HOUR", "10000")
    monkeypatch.setenv("VIBE_POLL_ATTEMPTS", "4")

    def make(clients: int = 1, **options: Any) -> Account:
        return open_account(api, time, [new_client() for _ in range(clients)], **options)

    return make
