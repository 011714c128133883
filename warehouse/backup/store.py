"""The folder of backups: what lies in it, and which of it is whole.

    BACKUP_DIR/postgres-<system identifier>/base/<label>/{backup.json, data/}   base backups
                                           /log/                              the write-ahead log since
              /landing, /uploads, /archive                                     delivered files, and what was archived

Logs of two servers have the same file names, so each server has a folder of its own. A backup is one once `backup.json`
is there, which is written last; everything with a dot in front is half made.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from warehouse.errors import PaidMediaError
from warehouse.storage.place import sync_folder

LABEL = "%Y%m%dT%H%M%SZ"
NOTE = "backup.json"


@dataclass(frozen=True)
class Backup:
    """One base backup. Without `base` it is full, else it holds what changed since the backup of that label.

    A moment can be restored from it if it is not before `ended_at`. `start` and `stop` are positions in the log.
    """

    label: str
    base: str | None
    version: int
    timeline: int
    start: str
    stop: str
    started_at: datetime
    ended_at: datetime
    size_bytes: int
    folder: Path

    @property
    def data(self) -> Path:
        """What pg_basebackup wrote."""
        return self.folder / "data"


@dataclass(frozen=True)
class Store:
    """The backups and the log of one server, by its system identifier."""

    root: Path
    system: str

    @property
    def folder(self) -> Path:
        """Everything of this server."""
        return self.root / f"postgres-{self.system}"

    @property
    def base(self) -> Path:
        """Base backups by label."""
        return self.folder / "base"

    @property
    def log(self) -> Path:
        """Segments of the write-ahead log."""
        return self.folder / "log"

    def backups(self) -> list[Backup]:
        """The whole ones whose bases are whole, oldest first."""
        found: dict[str, Backup] = {}
        for note in sorted(self.base.glob(f"[!.]*/{NOTE}")):
            backup = _read(note)
            if backup.base is None or backup.base in found:
                found[backup.label] = backup
        return list(found.values())

    def chain(self, backup: Backup) -> list[Backup]:
        """A backup and those that it rests on, the full one first."""
        known = {each.label: each for each in self.backups()}
        chain = [backup]
        while (base := chain[0].base) is not None:
            chain.insert(0, known[base])
        return chain

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One backup, drill or restore at a time; another one waits."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def stores(root: Path) -> list[Store]:
    """Of every server that has backups here, those with the newest one first."""
    found = [Store(root, folder.name.partition("-")[2]) for folder in root.glob("postgres-*")]
    ends = {store.system: max((backup.ended_at for backup in store.backups()), default=None) for store in found}
    whole = [(ended, store) for store in found if (ended := ends[store.system]) is not None]
    return [store for _, store in sorted(whole, key=lambda pair: pair[0], reverse=True)]


def note(backup: Backup) -> None:
    """Write down that a backup is whole: the last thing before it gets its name."""
    values = {name: value for name, value in asdict(backup).items() if name != "folder"}
    with (backup.folder / NOTE).open("w") as file:
        json.dump(values, file, indent=1, default=str)
        file.flush()
        os.fsync(file.fileno())


def named(backup: Backup, base: Path) -> Backup:
    """Give a backup that is written down its name, for good."""
    final = base / backup.label
    backup.folder.rename(final)
    sync_folder(base)
    return replace(backup, folder=final)


def _read(path: Path) -> Backup:
    try:
        values: dict[str, Any] = json.loads(path.read_text())
        times = {name: datetime.fromisoformat(values[name]) for name in ("started_at", "ended_at")}
        return Backup(**{**values, **times, "folder": path.parent})
    except (ValueError, KeyError, TypeError) as error:
        fix = "delete the folder, or bring the file back"
        raise PaidMediaError("a backup's description cannot be read", where=str(path), fix=fix) from error
