"""The raw tables, empty, for each test of this room."""

import delivered_rows
import pytest
from sqlalchemy import Engine

from warehouse.postgres import database


@pytest.fixture
def warehouse(database_url: str) -> Engine:
    """A migrated warehouse with fresh raw tables and no delivery."""
    engine = database.engine()
    delivered_rows.create(engine)
    return engine
