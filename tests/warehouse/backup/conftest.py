"""A warehouse on an embedded server of its own, with backups beside it, and somebody who never stops to write."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import server_home
from tests.warehouse.backup.writing import Writer, prepare
from warehouse.backup import taking
from warehouse.control import migrate
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A migrated warehouse with one backup; what is committed is in the backups two seconds later."""
    with server_home() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAIDMEDIA_HOME", str(folder))
        patch.setenv("SECRET_KEY", "a key for tests only")
        patch.setenv("BACKUP_DIR", str(folder / "elsewhere"))
        patch.setenv("BACKUP_LOG_SECONDS", "2")
        migrate.migrate()
        prepare(get_settings())
        taking.take(get_settings(), print)
        yield folder
        database.engine().dispose()


@pytest.fixture
def settings(home: Path) -> Settings:
    """Of that warehouse."""
    return get_settings()


@pytest.fixture
def writer(settings: Settings) -> Iterator[Writer]:
    """Commits one delivery after the other while it is asked to."""
    with Writer(settings) as author:
        yield author
