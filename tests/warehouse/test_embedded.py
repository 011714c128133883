"""The embedded server: shared, closed to strangers, stopped cleanly, back after a crash."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from tests.conftest import server_home
from warehouse.postgres import embedded

START = (
    "import sys; from pathlib import Path; from warehouse.postgres import embedded;"
    " print(embedded.start(Path(sys.argv[1])))"
)


@pytest.fixture
def home() -> Iterator[Path]:
    with server_home() as folder:
        yield folder


def test_processes_that_start_at_once_share_one_server_that_outlives_them(home: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", START, str(home)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    urls = {process.communicate(timeout=60)[0].strip() for process in started}
    assert len(urls) == 1
    with psycopg2.connect(urls.pop()) as connection, connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int / 10000, rolsuper from pg_roles "
                       "where rolname = current_user")  # fmt: skip
        assert cursor.fetchone() == (18, False)


def test_a_wrong_password_is_refused(home: Path) -> None:
    url = embedded.start(home)
    password = url.split(":")[2].split("@")[0]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url.replace(password, "guessed"))


def test_secrets_are_readable_by_their_owner_only(home: Path) -> None:
    embedded.start(home)
    assert embedded.Cluster.of(home).passwords.stat().st_mode & 0o077 == 0


def test_a_killed_server_comes_back_with_what_was_committed(home: Path) -> None:
    with psycopg2.connect(embedded.start(home)) as connection, connection.cursor() as cursor:
        cursor.execute("create table kept as select 1 as one")
    data = embedded.Cluster.of(home).data
    server = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
    server.kill()
    while server.is_running() and server.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    with psycopg2.connect(embedded.start(home)) as connection, connection.cursor() as cursor:
        cursor.execute("select one from kept")
        assert cursor.fetchone() == (1,)


def test_two_homes_run_side_by_side(home: Path) -> None:
    with server_home() as other:
        assert embedded.start(home) != embedded.start(other)
        assert embedded.stop(other)
        assert not embedded.stop(other)
