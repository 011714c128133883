"""A base backup: copied by pg_basebackup, compared with its manifest, then given its name.

server ──pg_basebackup──► .<label>/data ──sha256 of every file = manifest──► backup.json ──rename──► <label>

A backup holds what changed since the one before it, where the server can tell (version 17 and newer) and the last full
one is not too old. Killed at any moment, it leaves a folder that no command takes for a backup.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from warehouse.backup import landed, log, servers, store
from warehouse.backup.servers import Server
from warehouse.backup.store import Backup, Store
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings

INCREMENTAL_SINCE = 17


@dataclass(frozen=True)
class Taken:
    """A backup that was taken, how many delivered files came with it, and whether the log arrives since."""

    backup: Backup
    files: int
    log_arrives: bool


def take(settings: Settings, report: Callable[[str], None], *, full: bool = False) -> Taken:
    """Back up the server of the settings and its delivered files. Raises `PaidMediaError`; nothing half counts."""
    server = servers.find(settings)
    target = server.store(settings)
    with target.locked():
        target.base.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_leftovers(target.base)
        log.keep(server, target, settings)
        backup = _take(server, target, None if full else _to_rest_on(server, target, settings), report)
        arrives = log.wait_for(log.push(server), target, settings)
        if not arrives and server.is_embedded:
            where = str(embedded_log(settings))
            raise PaidMediaError("the server's log does not arrive in the backups", where=where, fix="read its end")
    report("copying delivered files")
    return Taken(backup, landed.copy(settings), arrives)


def embedded_log(settings: Settings) -> Path:
    """Where the embedded server says why it cannot archive."""
    from warehouse.postgres.embedded import Cluster

    return Cluster.of(settings.paidmedia_home).log


def remove_leftovers(folder: Path) -> None:
    """Whatever was killed half made. Called under the store's lock."""
    from warehouse.postgres.embedded import end_processes_in

    for left in folder.glob(".*"):
        for data in (left, left / "data"):
            if data.is_dir():
                end_processes_in(data)
        shutil.rmtree(left, ignore_errors=True)


def _to_rest_on(server: Server, target: Store, settings: Settings) -> Backup | None:
    """The backup of which the next one holds the changes; None where a full one is due."""
    backups = target.backups()
    if server.version < INCREMENTAL_SINCE or not backups or server.ask("show summarize_wal") != "on":
        return None
    age = server.now() - target.chain(backups[-1])[0].ended_at
    return backups[-1] if age < timedelta(days=settings.backup_full_days) else None


def _take(server: Server, target: Store, base: Backup | None, report: Callable[[str], None]) -> Backup:
    started = server.now()
    label = started.strftime(store.LABEL)
    folder = target.base / f".{label}"
    folder.mkdir(mode=0o700)
    report(f"taking {'a full backup' if base is None else 'what changed since ' + base.label}")
    try:
        _copy(server, folder / "data", label, base)
    except PaidMediaError as error:
        if base is None:
            raise
        report(f"not possible ({error}): taking a full backup")
        base = None
        shutil.rmtree(folder / "data", ignore_errors=True)
        _copy(server, folder / "data", label, base)
    ended = server.now()
    report("comparing every file with the manifest")
    size = compare(folder / "data")
    span = json.loads((folder / "data" / "backup_manifest").read_text())["WAL-Ranges"][-1]
    backup = Backup(
        label=label, base=base.label if base else None, version=server.version, timeline=span["Timeline"],
        start=span["Start-LSN"], stop=span["End-LSN"], started_at=started, ended_at=ended, size_bytes=size,
        folder=folder,
    )  # fmt: skip
    store.note(backup)
    return store.named(backup, target.base)


def _copy(server: Server, data: Path, label: str, base: Backup | None) -> None:
    command = [
        str(servers.copying_program("pg_basebackup")), "--pgdata", str(data), "--label", label, "--no-password",
        "--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256",
    ]  # fmt: skip
    if base is not None:
        command += ["--incremental", str(base.data / "backup_manifest")]
    done = subprocess.run(command, env=server.environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = next((line for line in reversed(done.stderr.splitlines()) if "error:" in line), done.stderr)
        raise PaidMediaError("the server cannot be copied", where=reason.partition("error: ")[2] or reason)


def compare(data: Path) -> int:
    """Compare every file with the manifest and return their size.

    Raises `PaidMediaError` naming the first that differs. The wheel's own pg_verifybackup does not start.
    """
    manifest = json.loads((data / "backup_manifest").read_text())
    size = 0
    for entry in manifest["Files"]:
        path = data / (entry["Path"] if "Path" in entry else bytes.fromhex(entry["Encoded-Path"]).decode())
        is_there = path.exists() and path.stat().st_size == entry["Size"]
        if not is_there or _sha256(path) != entry["Checksum"]:
            raise PaidMediaError("a file of the backup is not what the server sent", where=str(path), fix="try again")
        size += entry["Size"]
    return size


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
