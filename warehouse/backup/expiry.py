"""What leaves the folder of backups: backups that no kept moment needs, and the log before the oldest that stays."""

import re
import shutil
from datetime import datetime, timedelta

from warehouse.backup.history import position
from warehouse.backup.store import Backup, Store
from warehouse.storage.place import sync_folder


def expire(store: Store, now: datetime, keep_days: int) -> int:
    """Let go of what is not needed to restore any moment of the last `keep_days`. Returns the number of backups."""
    with store.locked():
        backups = store.backups()
        kept = needed(backups, now - timedelta(days=keep_days))
        gone = [backup for backup in backups if backup not in kept]
        for backup in reversed(gone):  # those that rest on others first
            hidden = store.base / f".{backup.label}"
            backup.folder.rename(hidden)
            sync_folder(store.base)
            shutil.rmtree(hidden)
        if kept:
            _expire_log(store, min(kept, key=lambda backup: position(backup.start)))
    return len(gone)


def needed(backups: list[Backup], first_moment: datetime) -> list[Backup]:
    """Those that ended after the first moment, the last one before it, and all that these rest on."""
    before = [backup for backup in backups if backup.ended_at <= first_moment]
    kept = {backup.label for backup in [*before[-1:], *backups[len(before) :]]}
    for backup in reversed(backups):
        if backup.label in kept and backup.base is not None:
            kept.add(backup.base)
    return [backup for backup in backups if backup.label in kept]


def _expire_log(store: Store, oldest: Backup) -> None:
    """Segments are told apart by position alone, as pg_archivecleanup does: a timeline's history stays."""
    label = (oldest.data / "backup_label").read_text()
    first = re.search(r"\(file [0-9A-F]{8}([0-9A-F]{16})\)", label)
    assert first is not None, label
    for path in store.log.glob("[0-9A-F]*"):
        if ".history" not in path.name and len(path.name) >= 24 and path.name[8:24] < first[1]:
            path.unlink()
