"""Three clients in marts that dbt has built, readers of one of them, and what gives another's rows away."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import make_url

from serving.viewer import Viewer
from tests.dbt_project.conftest import Build, build, raw, target
from tests.dbt_project.raw_tables import ROW_TABLES, Row, deliver
from tests.dbt_project.test_history_of_deliveries import built
from tests.isolation.marks import AS_OF, DAYS, FOREIGN, OWN, Client
from tests.rows import agreed, insert
from tests.warm_dbt import MODELS_ONLY
from warehouse.access import bi_logins, users
from warehouse.postgres import database
from warehouse.postgres.embedded import Cluster
from warehouse.settings import get_settings

__all__ = ["build", "raw", "target"]  # the fixtures of the dbt project's tests


@dataclass(frozen=True)
class Readers:
    """The BI login of the own client, and the people of the app."""

    bi_url: str
    own: Viewer
    foreign: Viewer
    analyst: Viewer
    nobody: Viewer


def deliver_days(raw: Connection, client: Client, name: str, *, hour: int, extra: int = 0) -> None:
    """All days of a client from every source, a little different for each `extra`."""
    for source in ROW_TABLES:
        rows = [
            Row(
                *(day, client.impressions + number + extra, client.clicks, client.clicks, Decimal(client.clicks)),
                campaign=f"{client.word} campaign", strategy=f"{client.word} strategy",
                placement=f"{client.word} placement", creative=f"{client.word} {number}",
            )
            for day in DAYS
            for number in range(4)
        ]  # fmt: skip
        as_of = AS_OF.replace(hour=hour)
        deliver(raw, source, client.client_id, f"{source}-{client.client_id}-{name}", as_of=as_of, days=DAYS, rows=rows)


@pytest.fixture(scope="module")
def marts(raw: Connection, build: Build) -> Connection:
    """The clients' days, built once."""
    for client in (OWN, *FOREIGN):
        named = {"client_id": client.client_id, "name": f"{client.word} Ltd", "currency": "USD"}
        insert(raw, "control.clients", named)
        agreed(raw, client.client_id, 10)
    for client in (OWN, *FOREIGN):
        deliver_days(raw, client, "first", hour=1)
    built(build, *MODELS_ONLY)
    return raw


@pytest.fixture(scope="module")
def readers(marts: Connection) -> Iterator[Readers]:
    """Who reads."""
    with database.session() as current:
        users.add_user(current, "own@own.example", role="client", client_id=OWN.client_id)
        users.add_user(current, "foreign@foreign.example", role="client", client_id=FOREIGN[0].client_id)
        users.add_user(current, "ana@agency.example", role="analyst")
        numbers = {user.email: user.user_id for user, _ in users.list_users(current)}
        url = bi_logins.add(current, get_settings(), OWN.client_id)
    yield Readers(
        url,
        Viewer(numbers["own@own.example"], "own@own.example", "client", (OWN.client_id,)),
        Viewer(numbers["foreign@foreign.example"], "foreign@foreign.example", "client", (FOREIGN[0].client_id,)),
        Viewer(numbers["ana@agency.example"], "ana@agency.example", "analyst", None),
        Viewer(0, "nobody", "client", ()),
    )
    database.app_engine().dispose()


@pytest.fixture
def superuser(cluster_home: Path, database_url: str) -> Iterator[Connection]:
    """The server's superuser in this module's database."""
    url = make_url(database_url)
    password = json.loads(Cluster.of(cluster_home).passwords.read_text())["postgres"]
    connection = psycopg2.connect(url.set(username="postgres", password=password).render_as_string(hide_password=False))
    connection.autocommit = True
    yield connection
    connection.close()
