"""The dbt project built in its own folder, with the usual libpq variables set, by a warm process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from loaders.ledger.pipeline import prepare_all
from tests import warm_dbt
from tests.dbt_project import old_months, raw_tables
from tests.dbt_project.test_history_of_deliveries import Marts, built
from tests.warm_dbt import MODELS_ONLY
from warehouse.postgres.database import libpq_environment
from warehouse.settings import Settings, get_settings


Build = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def raw(database_url: str) -> Iterator[Connection]:
    """A connection to a migrated database whose raw tables are there and empty."""
    prepare_all(get_settings())
    connection = raw_tables.connect(database_url)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt leaves its artifacts, the compiled SQL among them."""
    return tmp_path_factory.mktemp("target")


@pytest.fixture(scope="module")
def build(raw: Connection, target: Path) -> Build:
    """Runs `dbt build` with the given arguments on this module's database; leaves nothing in the project folder."""
    env = os.environ | libpq_environment(get_settings())
    folders = ("--target-path", str(target), "--log-path", str(target))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        raw.commit()
        return warm_dbt.run(["--no-use-colors", "build", *folders, "--no-write-json", *arguments], env)

    return run


@pytest.fixture(scope="module")
def hot(database_url: str) -> Iterator[Settings]:
    """The settings, with four hot months."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETENTION_HOT_MONTHS", "4")
        yield get_settings()


@pytest.fixture(scope="module")
def before(raw: Connection, build: Build, hot: Settings) -> Marts:
    """The marts of `old_months`, built once, before anything was archived."""
    old_months.fill(raw)
    built(build, *MODELS_ONLY)
    return old_months.everything(raw)


@pytest.fixture(scope="module")
def archived(before: Marts, raw: Connection, hot: Settings) -> Marts:
    """The marts after three months were archived, with nobody looking."""
    from orchestration.lib import retention

    outcome = retention.run(hot, today=old_months.TODAY)
    assert outcome.problems == []
    return old_months.everything(raw)
