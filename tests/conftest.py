"""Fixtures that every room uses: one real Postgres per test process, one fresh migrated database per module."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import hypothesis
import psutil
import psycopg2
import pytest

from tests import sizes
from tests.durations import Stopwatch, longest_first
from warehouse.control import migrate
from warehouse.postgres import database, embedded
from warehouse.settings import Settings, get_settings

FOREIGN = (
    "DATABASE_URL",
    "S3_",
    "AWS_",
    "LANDING_",
    "VIBE_",
    "SMTP_",
    "OIDC_",
    "ALERT_",
    "HEARTBEAT_",
    "PG",
    "DBT_",
    "BACKUP_",
    "DAGSTER_",
)
SHARED = "PAIDMEDIA_TEST_SHARED"  # the folder of what all test processes share; `make test-all` sets it for both parts
LONG_SECONDS = 12 * 3_600  # of one test in its long form, whatever its quick form may take


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--part` chooses what runs, see tests/sizes.py; the others renew a file instead of comparing with it."""
    parser.addoption("--part", choices=sizes.PARTS, help="quick: that of `make test`; rest: what `make test-all` adds")
    parser.addoption("--renew-graph", action="store_true", help="write the snapshot of the asset graph")
    parser.addoption("--renew-durations", action="store_true", help="write how long each group of tests took")


def pytest_configure(config: pytest.Config) -> None:
    """Tell modules which part runs before they are imported, and start the watch in the process that reports."""
    hypothesis.settings.register_profile("suite", deadline=None)  # what an example takes depends on the machine's load
    hypothesis.settings.load_profile("suite")
    if part := config.getoption("--part"):
        os.environ[sizes.PART] = part
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stopwatch(renew=config.getoption("--renew-durations")))
        if SHARED not in os.environ:
            os.environ[SHARED] = tempfile.mkdtemp(prefix="paidmedia-shared-")
            config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(SHARED)))


def pytest_itemcollected(item: pytest.Item) -> None:
    """The tests of a file share its database, so they run in one process; a long form has a limit of its own."""
    if item.get_closest_marker("xdist_group") is None:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))
    if sizes.is_long() and item.get_closest_marker("torture") is not None:
        item.add_marker(pytest.mark.timeout(LONG_SECONDS), append=False)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not of the part that was asked for, and begin with the longest."""
    part = config.getoption("--part")
    left_out = [item for item in items if part and part not in _parts(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not part or part in _parts(item)]
    longest_first(items)


def _parts(item: pytest.Item) -> tuple[str, ...]:
    if item.get_closest_marker("long"):
        return ()
    if item.get_closest_marker("heavy"):
        return ("rest",)
    return ("quick", "rest") if item.get_closest_marker("grows") else ("quick",)


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """No setting of the developer's own shell or `.env` reaches a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN):
                patch.delenv(name)
        patch.setitem(Settings.model_config, "env_file", None)
        yield


@pytest.fixture(scope="session")
def cluster_home() -> Iterator[Path]:
    """The home of the embedded server of this test process."""
    with server_home() as home:
        yield home


@pytest.fixture(scope="session")
def cluster_url(cluster_home: Path) -> str:
    """The URL of the maintenance database of the embedded server of this test process."""
    url = embedded.start(cluster_home)
    embedded.close_to_public(
        cluster_home, "template1"
    )  # a database that is made from now on is as `db migrate` makes it
    return url


@contextmanager
def server_home() -> Iterator[Path]:
    """A folder for an embedded server, which is stopped at the end.

    Not below pytest's own: a second session closes that one to other users, and as root the server is another user.
    """
    home = Path(tempfile.mkdtemp(prefix="paidmedia-"))
    try:
        yield home
    finally:
        _end_at_once(home)
        embedded.stop(home)
        shutil.rmtree(home)


def _end_at_once(home: Path) -> None:
    """End a server without bringing to the disk what is thrown away anyway, which takes a quarter of a minute."""
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        number = (embedded.Cluster.of(home).data / "postmaster.pid").read_text().split()[0]
        server = psutil.Process(int(number))
        server.send_signal(signal.SIGQUIT)
        server.wait(60)


@pytest.fixture(scope="module")
def database_url(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fresh migrated database; DATABASE_URL, SECRET_KEY and PAIDMEDIA_HOME point at it for this module."""
    name = f"test_{uuid4().hex[:12]}"
    connection = psycopg2.connect(cluster_url)
    connection.autocommit = True
    connection.cursor().execute(f"create database {name}")  # it goes with its cluster
    connection.close()
    url = cluster_url.rsplit("/", 1)[0] + f"/{name}"
    home: Path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        patch.setenv("SECRET_KEY", "a key for tests only")
        patch.setenv("PAIDMEDIA_HOME", str(home))
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        migrate.migrate()
        yield url
        database.engine().dispose()


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The settings of this module's database."""
    return get_settings()
