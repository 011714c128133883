"""The server of DATABASE_URL: backed up over a replication connection, restored into a folder, drilled."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg2
import pytest

from tests.warehouse.backup.own_server import INSTALLED, OwnServer, own_server, received
from warehouse.backup import servers
from warehouse.backup.restoring import hand_over_all
from warehouse.backup.store import Store
from warehouse.control import migrate
from warehouse.postgres import database
from warehouse.settings import PROJECT_ROOT, get_settings

pytestmark = pytest.mark.heavy
PAIDMEDIA = [sys.executable, "-m", "orchestration.cli"]


@pytest.fixture(scope="module", params=INSTALLED, ids=lambda version: f"PostgreSQL {version}")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """A migrated warehouse on a server of its own."""
    with own_server(request.param) as running, pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("PAIDMEDIA_HOME", str(home))
        patch.setenv("SECRET_KEY", "a key for tests only")
        patch.setenv("DATABASE_URL", running.url("paidmedia"))
        patch.setenv("BACKUP_DIR", str(running.folder / "backups"))
        patch.setenv("BACKUP_LOG_SECONDS", "1")
        migrate.migrate()
        yield running
        database.engine().dispose()


def paidmedia(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PAIDMEDIA, *words], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=200
    )


def test_what_the_role_or_the_place_does_not_allow_is_refused_in_one_line(server: OwnServer) -> None:
    for words, line in (
        (["backup"], "Error: the role paidmedia may not take a backup of the server: let BACKUP_DATABASE_URL name"),
        (["restore", "--to", "latest", "--yes"], "Error: the server of DATABASE_URL cannot be replaced from here: add"),
        (["restore", "--to", "latest", "--into", str(server.folder / "x")], "Error: there is no backup"),
    ):
        done = paidmedia(*words)
        assert done.returncode == 1
        assert done.stderr.strip().startswith(line), done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_moment_comes_back_in_a_folder_and_the_drill_passes(
    server: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKUP_DATABASE_URL", server.url("backups"))
    store = servers.find(get_settings()).store(get_settings())
    receiving = subprocess.Popen([*PAIDMEDIA, "backup", "--receive-log"], cwd=PROJECT_ROOT, stderr=subprocess.DEVNULL)
    try:
        wait_for_log(receiving, store)
        taken = paidmedia("backup")
        assert taken.returncode == 0, taken.stderr
        assert "Every moment from" in taken.stdout
        with psycopg2.connect(server.url("paidmedia")) as connection:
            connection.cursor().execute("create table public.kept as select 7 as seven")
        time.sleep(0.1)
        moment = datetime.now(UTC)
        time.sleep(0.1)
        with psycopg2.connect(server.url("paidmedia")) as connection:
            connection.cursor().execute("drop table public.kept")
        drilled = paidmedia("restore-drill")
        assert drilled.returncode == 0, drilled.stderr
        into = server.folder / "restored"
        done = paidmedia("restore", "--to", moment.isoformat(), "--into", str(into))
        assert done.returncode == 0, done.stderr
        assert "pg_ctl" in done.stdout
    finally:
        receiving.terminate()
        receiving.wait(30)
    server.stop(server.data)
    hand_over_all(into)
    server.start(into)
    deadline = time.monotonic() + 60
    while is_recovering(server):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with psycopg2.connect(server.url("paidmedia")) as connection, connection.cursor() as cursor:
        cursor.execute("select seven from public.kept")
        assert cursor.fetchone() == (7,)


def test_without_a_log_the_backup_says_that_only_its_own_moment_is_safe(
    server: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKUP_DATABASE_URL", server.url("backups"))
    monkeypatch.setattr("warehouse.backup.log.PATIENCE", 0.0)
    from typer.testing import CliRunner

    from orchestration.cli import app

    done = CliRunner().invoke(app, ["backup"])
    assert done.exit_code == 0, done.output
    assert "only the moment of the backup can be restored" in done.output


def wait_for_log(process: subprocess.Popen[bytes], store: Store) -> None:
    deadline = time.monotonic() + 60
    while not received(store):
        assert process.poll() is None, "pg_receivewal has ended"
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_recovering(server: OwnServer) -> bool:
    with psycopg2.connect(server.url("paidmedia")) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_is_in_recovery()")
        return cursor.fetchall() == [(True,)]
