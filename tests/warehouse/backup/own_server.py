"""A Postgres of one's own, of any version that is installed; one role owns the warehouse, another one replicates."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from warehouse.backup import servers
from warehouse.backup.store import Store
from warehouse.postgres import embedded

INSTALLED = [
    version
    for version in (15, 16, 17, 18)
    if version == servers.EMBEDDED_VERSION or Path(f"/usr/lib/postgresql/{version}/bin/postgres").exists()
]
OPTIONS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"


class OwnServer:
    """A server in a folder. Each test gives its roles the same password."""

    def __init__(self, version: int, folder: Path) -> None:
        self.version, self.folder = version, folder
        self.port = embedded._port_to_use(embedded.Cluster(folder), fresh=True)
        self.data = folder / "data"

    def url(self, role: str) -> str:
        return f"postgresql://{role}:secret@127.0.0.1:{self.port}/warehouse"

    def create(self) -> None:
        password = self.folder / "password"
        password.write_text("secret")
        self.data.mkdir()
        embedded.hand_over(self.folder, self.data, password)
        self.run("initdb", "--auth=scram-sha-256", f"--pwfile={password}", "-U", "postgres", "-D", str(self.data), "-N")
        self.start(self.data)
        connection = psycopg2.connect(self.url("postgres").replace("/warehouse", "/postgres"))
        connection.autocommit = True
        for statement in (
            "create role paidmedia login createrole password 'secret'",
            "create role backups login replication password 'secret'",
            "create database warehouse owner paidmedia",
        ):
            connection.cursor().execute(statement)
        connection.close()
        with psycopg2.connect(self.url("postgres")) as connection:
            connection.cursor().execute("grant execute on function pg_switch_wal() to backups")

    def start(self, data: Path) -> None:
        log = self.folder / "server.log"
        self.run("pg_ctl", "-D", str(data), "-w", "-l", str(log), "-o", f"{OPTIONS} -p {self.port}", "start")

    def stop(self, data: Path) -> None:
        if (data / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")

    def run(self, name: str, *arguments: str) -> None:
        embedded.run_program(servers.program(name, self.version), *arguments)


@contextmanager
def own_server(version: int) -> Iterator[OwnServer]:
    """A running one; it is gone at the end, and so is one that was restored beside it."""
    folder = Path(tempfile.mkdtemp(prefix="own-server-"))
    server = OwnServer(version, folder)
    try:
        server.create()
        yield server
    finally:
        for data in folder.glob("*/postmaster.pid"):
            server.stop(data.parent)
        shutil.rmtree(folder)


def received(store: Store) -> list[str]:
    """Segments that have arrived, or are about to."""
    return sorted(path.name for path in store.log.iterdir()) if store.log.exists() else []
