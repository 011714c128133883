"""Files: room on the disk, the landing zone whole, backups young."""

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from orchestration.doctor.lines import Line, bad, ok, warning
from warehouse.backup.store import NOTE
from warehouse.deliveries import landing
from warehouse.postgres import database
from warehouse.settings import Settings
from warehouse.storage import places
from warehouse.storage.errors import StorageFailed

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
    """Writable, as its archive is, and some of its files as they were delivered."""
    try:
        for place in places.named(settings).values():
            place.check()
    except StorageFailed as error:
        yield bad("landing zone", _words(error), error.fix or "try again")
        return
    sample, problems = _sample(settings), 0
    for path, sha256 in sample:
        try:
            landing.check(settings, path, sha256)
        except StorageFailed as error:
            problems += 1
            yield bad("landing zone", _words(error), error.fix or "try again")
    if not problems:
        words = f"{settings.landing} can be written; {len(sample)} sampled files are as they were delivered"
        yield ok("landing zone", words)


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


def _sample(settings: Settings) -> list[tuple[str, str]]:
    """Some delivered files that have to be there, with their sha256."""
    with database.session(settings) as current:
        found = current.execute(text("select distinct landed_path, sha256 from ledger.deliveries"))
        rows = [(row.landed_path, row.sha256) for row in found]
    return random.Random().sample(rows, min(SAMPLE, len(rows)))  # noqa: S311 – no secret


def _words(error: StorageFailed) -> str:
    return error.what if error.where is None else f"{error.what} ({error.where})"
