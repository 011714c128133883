"""Files: room on the disk, the landing zone whole, backups young."""

import hashlib
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from orchestration.doctor.lines import Line, bad, ok, warning
from warehouse.backup.store import NOTE
from warehouse.postgres import database
from warehouse.settings import Settings

FEW_BYTES, LOW_BYTES = 1 * 2**30, 5 * 2**30  # a day of 1.5 million rows and its build fit into the first
SAMPLE = 20
OLD_BACKUP = timedelta(days=2)  # a daily one, and a day on which it failed


def disk(settings: Settings) -> Iterator[Line]:
    """Room where a run leaves its things."""
    folder = settings.paidmedia_home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    words = f"{free / 2**30:,.1f} GB free at {folder}"
    if free < FEW_BYTES:
        yield bad("disk", words, "make room: paidmedia retention, or a larger disk")
    elif free < LOW_BYTES:
        yield warning("disk", words, "make room soon: paidmedia retention, or a larger disk")
    else:
        yield ok("disk", words)


def landing_zone(settings: Settings) -> Iterator[Line]:
    """Writable, and some of its files as they were delivered."""
    for folder in dict.fromkeys((settings.landing_zone, settings.uploads)):
        existing = folder
        while not existing.exists():
            existing = existing.parent
        try:
            with tempfile.TemporaryFile(dir=existing):
                pass
        except OSError as error:
            yield bad("landing zone", f"{folder} cannot be written: {error.strerror}", "give the service its folder")
            return
    checked, problems = 0, []
    for path, sha256 in _sample(settings):
        checked += 1
        problem = _problem(path, sha256)
        if problem:
            problems.append(f"{path}: {problem}")
    for each in problems:
        yield bad("landing zone", each, "bring the file back from a backup: it is the proof of what was delivered")
    if not problems:
        yield ok("landing zone", f"writable; {checked} sampled files are as they were delivered")


def backups(settings: Settings) -> Iterator[Line]:
    """The age of the newest whole backup, if there are any."""
    times = [note.stat().st_mtime for note in settings.backups.glob(f"postgres-*/base/[!.]*/{NOTE}")]
    if not times:
        yield warning("backups", f"there are none in {settings.backups}", "set BACKUP_DIR, or: paidmedia backup")
        return
    newest = datetime.fromtimestamp(max(times), UTC)
    words = f"the newest is of {newest:%Y-%m-%d %H:%M} UTC"
    if datetime.now(UTC) - newest > OLD_BACKUP:
        yield bad("backups", words, "paidmedia backup, and see why none was made since")
    else:
        yield ok("backups", words)


def _sample(settings: Settings) -> list[tuple[Path, str]]:
    """Some delivered files that have to be there, with their sha256."""
    with database.session(settings) as current:
        found = current.execute(text("select distinct landed_path, sha256 from ledger.deliveries"))
        rows = [(Path(row.landed_path), row.sha256) for row in found]
    return random.Random().sample(rows, min(SAMPLE, len(rows)))  # noqa: S311 – no secret


def _problem(path: Path, sha256: str) -> str | None:
    if not path.exists():
        return "is gone"
    if not os.access(path, os.R_OK):
        return "cannot be read"
    with path.open("rb") as file:
        return None if hashlib.file_digest(file, "sha256").hexdigest() == sha256 else "was changed"
