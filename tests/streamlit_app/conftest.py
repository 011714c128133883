"""The marts of this room: a database per module, with known rows or without any."""

import socket
from collections.abc import Iterator

import marts_tables
import pytest
import streamlit as st
from sqlalchemy import Engine

from warehouse import database


@pytest.fixture(autouse=True)
def _forgotten_answers() -> Iterator[None]:
    """No test reads what another one has cached."""
    st.cache_data.clear()
    yield
    st.cache_data.clear()


@pytest.fixture(scope="module")
def marts(database_url: str) -> Engine:
    """A database whose marts hold the known rows."""
    engine = database.engine()
    marts_tables.create(engine)
    marts_tables.fill(engine)
    return engine


@pytest.fixture
def unused_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
