"""`paidmedia restore`: the embedded server as it was at a moment, or a folder to start a server on.

stop ─► data.restored-… beside the data, recovered there ─► the two change places ─► start ─► files that are missing

Killed at any moment, it leaves the old data or the restored ones, never half of either: `embedded.replace_data`.
"""

import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from warehouse.backup import landed, log, restoring, servers
from warehouse.backup.restoring import Plan
from warehouse.errors import PaidMediaError
from warehouse.postgres import embedded
from warehouse.postgres.embedded import Cluster
from warehouse.settings import Settings

Report = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """What became of it. `aside` is where the old data are, if they may hold what no backup does."""

    label: str
    last_transaction: str | None
    seconds: float
    files: int
    aside: Path | None


def restore(settings: Settings, moment: datetime | None, report: Report) -> Restored:
    """Put the embedded server back to a moment, or to the end of the log.

    Raises `PaidMediaError`; nothing has changed then.

    The server is down meanwhile, and every command that needs it waits.
    """
    began = time.monotonic()
    _check(moment)
    cluster = Cluster.of(settings.paidmedia_home)
    system = servers.system_of_data(cluster.data)
    is_kept = _push(settings, cluster, report)
    with embedded.locked(settings.paidmedia_home):
        chosen = restoring.plan(settings, moment, system)
        report("stopping the server")
        is_kept = _stop(cluster) and is_kept
        fresh = _fresh_folder(cluster)
        try:
            last = _recover(settings, chosen, cluster, fresh, report)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        aside = embedded.replace_data(cluster, fresh)
    report("starting the restored server")
    log.keep(server := servers.find(settings), server.store(settings), settings)
    if is_kept:
        for old in cluster.folder.glob("data.before-*"):
            shutil.rmtree(old)
    kept = aside if aside.exists() else None
    return Restored(chosen.backup.label, last, time.monotonic() - began, landed.put_back(settings), kept)


def restore_into(settings: Settings, moment: datetime | None, folder: Path, report: Report) -> Plan:
    """Make a data folder that recovers to the moment when a server is started on it, and start none."""
    _check(moment)
    if folder.exists():
        raise PaidMediaError("the folder is there already", where=str(folder), fix="name a new one")
    if settings.database_url is None:
        cluster = Cluster.of(settings.paidmedia_home)
        system = servers.system_of_data(cluster.data)
        _push(settings, cluster, report)
    else:
        system = _push_own(settings)
    chosen = restoring.plan(settings, moment, system)
    report(f"laying out backup {chosen.backup.label}")
    half = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    restoring.lay_out(chosen, half)
    half.rename(folder)
    return chosen


def _check(moment: datetime | None) -> None:
    if moment is not None and moment > datetime.now(UTC):
        raise PaidMediaError(f"{moment} is still to come", fix="name a time that is over; everything is UTC")


def _push(settings: Settings, cluster: Cluster, report: Report) -> bool:
    """Have what was committed last in the backups. Whether that was possible."""
    if not (cluster.data / "PG_VERSION").exists():
        return False
    try:
        server = servers.find(settings)
        if server.ask("show archive_command") == log.NOWHERE:
            return False
        return log.wait_for(log.push(server), server.store(settings), settings)
    except PaidMediaError as error:
        report(f"the server does not answer ({error})")
        return False


def _push_own(settings: Settings) -> str | None:
    try:
        server = servers.find(settings)
    except PaidMediaError:
        return None  # it is why one restores
    log.push(server)
    return server.system


def _stop(cluster: Cluster) -> bool:
    """Whether it was stopped cleanly, which sends the rest of its log to the backups."""
    if not cluster.data.exists():
        return False
    try:
        return embedded.stop_locked(cluster)
    except subprocess.CalledProcessError:
        embedded.end_processes_in(cluster.data)
        return False


def _fresh_folder(cluster: Cluster) -> Path:
    cluster.folder.mkdir(parents=True, exist_ok=True)
    for left in cluster.folder.glob("data.restored-*"):  # by a restore that was killed
        embedded.end_processes_in(left)
        shutil.rmtree(left)
    embedded.hand_over(cluster.folder)
    return cluster.folder / f"data.restored-{secrets.token_hex(4)}"


def _recover(settings: Settings, chosen: Plan, cluster: Cluster, fresh: Path, report: Report) -> str | None:
    if chosen.backup.version != servers.EMBEDDED_VERSION:
        what = f"backup {chosen.backup.label} is of PostgreSQL {chosen.backup.version}, the embedded server is another"
        raise PaidMediaError(what, fix="add --into FOLDER")
    report(f"laying out backup {chosen.backup.label}")
    restoring.lay_out(chosen, fresh, cluster.data / "pg_wal")
    report(f"replaying the log up to {chosen.moment or 'its end'}")
    if not cluster.passwords.exists():
        embedded.generate_passwords(cluster)
    with restoring.running(fresh, chosen.backup.version, archives=True) as server:
        with server.connected("postgres", "postgres") as cursor:
            for role, password in embedded.passwords_of(cluster).items():
                verifier = sql.Literal(encrypt_password(password, role, cursor.connection, "scram-sha-256"))
                cursor.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), verifier))
            for name in (
                "restore_command",
                "recovery_target_timeline",
                "recovery_target_action",
                "recovery_target_time",
            ):
                cursor.execute(f"alter system reset {name}")
        with server.connected(embedded.OWNER, embedded.DATABASE) as cursor:
            cursor.execute("select 1")
        return server.last_transaction
