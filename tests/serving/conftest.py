"""The marts of this room: a database per module, with known rows or without any."""

import socket
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from tests.serving import marts_tables, people
from warehouse.clients import clients
from warehouse.postgres import database


@pytest.fixture(scope="module")
def marts(database_url: str) -> Engine:
    """A database whose marts hold the known rows, of the clients that the agency has."""
    engine = database.engine()
    with database.session() as current:
        for slug, name, currency in marts_tables.CLIENTS:
            clients.add_client(
                current, slug, name=name, currency=currency, cpm=Decimal(10), effective_date=date(2025, 1, 1)
            )
        people.add(current)
    marts_tables.create(engine)
    marts_tables.fill(engine)
    return engine


@pytest.fixture
def unused_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
