"""A data folder as the server's was at a moment: base backup, what changed since, then the log up to there.

base/<label>/data … ──pg_combinebackup──► folder ──log/ up to the moment──► a server that answers

Here: the choice of what leads there, the folder, and a server on it that nobody else can reach, to recover and to be
looked at. Who wants what of it is in `in_place` and `drill`.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2

from warehouse.backup import log, servers
from warehouse.backup.history import Timeline, backup_for
from warehouse.backup.store import Backup, Store, stores
from warehouse.errors import PaidMediaError
from warehouse.postgres import embedded
from warehouse.settings import Settings

STOP_SECONDS = 3_600  # writes what was recovered
RECOVERY_SECONDS = 7 * 86_400  # the log of a month may take hours; whoever waits can see it work in the server's log


@dataclass(frozen=True)
class Plan:
    """What leads to a moment; without one, to the end of the log."""

    store: Store
    backup: Backup
    timeline: Timeline
    moment: datetime | None

    def conditions(self, *more_segments: Path) -> str:
        """The settings of a server that shall recover to the moment."""
        values = {
            "restore_command": log.restore_command(self.store.log, *more_segments),
            "recovery_target_timeline": str(self.timeline.number),
            "recovery_target_action": "promote",
            "archive_command": log.archive_command(self.store.log),
        }
        if self.moment is not None:
            values["recovery_target_time"] = self.moment.astimezone(UTC).isoformat(" ")
        return "".join("{} = '{}'\n".format(name, value.replace("'", "''")) for name, value in values.items())


def plan(settings: Settings, moment: datetime | None, system: str | None) -> Plan:
    """The newest backup that leads to a moment: of the server itself, or else of another one that was there before it.

    Raises `PaidMediaError` where there is none.
    """
    known = sorted(stores(settings.backups), key=lambda store: store.system != system)
    for store in known:
        if found := backup_for(store, moment):
            return Plan(store, *found, moment)
    if not known:
        raise PaidMediaError("there is no backup", where=str(settings.backups), fix="check BACKUP_DIR")
    first = min(backup.ended_at for store in known for backup in store.backups())
    raise PaidMediaError(f"no backup leads to {moment}", where=f"the oldest ended at {first}", fix="name a later time")


def lay_out(plan: Plan, folder: Path, *more_segments: Path) -> None:
    """Make a data folder that recovers to the moment when a server is started on it.

    `more_segments`: where there is log that nobody archived.
    """
    sources = [backup.data for backup in plan.store.chain(plan.backup)]
    if len(sources) == 1:
        shutil.copytree(sources[0], folder, symlinks=True)
    else:
        combine = servers.program("pg_combinebackup", plan.backup.version)
        # The server writes everything to the disk before it recovers: a data folder of a crash may not be there yet.
        command = [str(combine), "--no-sync", *map(str, sources), "--output", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[-1]
            raise PaidMediaError("the backups cannot be put together", where=reason, fix="name an earlier time")
    with (folder / "postgresql.auto.conf").open("a") as file:
        file.write(plan.conditions(*more_segments))
    (folder / "recovery.signal").touch()


@dataclass(frozen=True)
class Private:
    """A server on a socket that only this user can reach, where every role may log in without a password."""

    socket: Path
    log: Path

    @property
    def last_transaction(self) -> str | None:
        """When the last of the transactions in it was committed, as the server found it in the log."""
        found = re.findall(r"last completed transaction was at log time (.+)", self.log.read_text())
        return found[-1] if found else None

    @contextmanager
    def connected(self, role: str, database: str) -> Iterator[Any]:
        """A cursor in autocommit."""
        try:
            connection = psycopg2.connect(host=str(self.socket), user=role, dbname=database, options="-c timezone=UTC")
        except psycopg2.OperationalError as error:
            reason = str(error).strip().splitlines()[0].rpartition("FATAL: ")[2].strip()
            raise PaidMediaError("the restored server cannot be read", where=reason, fix="name another time") from error
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


@contextmanager
def running(data: Path, version: int, *, archives: bool) -> Iterator[Private]:
    """Recover what `lay_out` has made, and keep the server up inside the block; it is stopped cleanly at the end.

    With `archives` its own log goes into the store, as that of the server to come, else nowhere.
    Raises `PaidMediaError` where the moment cannot be reached.
    """
    pg_ctl = servers.program("pg_ctl", version)
    hand_over_all(data)
    # Not below the data: a socket's path is at most 107 characters long.
    socket = Path(tempfile.mkdtemp(prefix="paidmedia-"))
    private = Private(socket, socket / "server.log")
    try:
        options = _options(data, socket, archives=archives)
        embedded.hand_over(socket, *socket.iterdir())
        words = ("-D", str(data), "-w", "-t", str(RECOVERY_SECONDS), "-l", str(private.log), "-o", options, "start")
        try:
            embedded.run_program(pg_ctl, *words)
        except subprocess.CalledProcessError as error:
            raise _why(private.log) from error
        _wait_for_recovery(data, private)
        try:
            yield private
        finally:
            embedded.run_program(pg_ctl, "-D", str(data), "-w", "-t", str(STOP_SECONDS), "-m", "fast", "stop")
    finally:
        embedded.end_processes_in(data)
        shutil.rmtree(socket)


def _wait_for_recovery(data: Path, private: Private) -> None:
    """pg_ctl has waited for the beginning of the recovery only, during which nobody is let in."""
    asked = [str(embedded.binary("pg_isready")), "--quiet", "--host", str(private.socket)]
    while subprocess.run(asked, check=False).returncode != 0:
        if not (data / "postmaster.pid").exists():
            raise _why(private.log)
        time.sleep(0.1)


def _options(data: Path, socket: Path, *, archives: bool) -> str:
    """A server that needs nothing of the machine where it ran, and accepts nobody before it is where it should be."""
    (socket / "pg_hba.conf").write_text("local all all trust\n")
    values = {
        "listen_addresses": "", "unix_socket_directories": socket, "hba_file": socket / "pg_hba.conf", "ssl": "off",
        "shared_preload_libraries": "", "hot_standby": "off", "logging_collector": "off", "log_destination": "stderr",
        "lc_messages": "C", "log_timezone": "UTC",
    }  # fmt: skip
    if not archives:
        values |= {"archive_mode": "off", "fsync": "off"}
    if not (data / "postgresql.conf").exists():  # Debian keeps it elsewhere
        (socket / "postgresql.conf").touch()
        values["config_file"] = socket / "postgresql.conf"
    return " ".join(f"-c {name}={value}" for name, value in values.items())


def _why(server_log: Path) -> PaidMediaError:
    lines = server_log.read_text().splitlines() if server_log.exists() else []
    reason = next((line.partition("FATAL:")[2].strip() for line in reversed(lines) if "FATAL:" in line), "")
    if "before configured recovery target" in reason:
        return PaidMediaError("the log that was kept ends before that time", fix="name an earlier one, or --to latest")
    return PaidMediaError("the restored server does not start", where=reason or "its log is empty", fix="mend that")


def hand_over_all(top: Path) -> None:
    """As root: a folder and all that is in it to the user that the server runs as."""
    embedded.hand_over(top)
    if os.geteuid() == 0:
        for folder, folders, files in os.walk(top):
            for name in (*folders, *files):
                shutil.chown(Path(folder) / name, embedded.SYSTEM_USER)
