"""Delivered files in the folder of backups: the landing zone, its archive, and `UPLOAD_DIR` where that is elsewhere.

place (folder | bucket) ─► what is new there ─► BACKUP_DIR/<name of the place>, a folder, and back

They hardly change once they are there, so a backup brings the new ones only: as another name of the same bytes where
both folders are of one disk, which guards against deletion, else as a copy.
"""

from collections.abc import Iterator

from warehouse.settings import Settings
from warehouse.storage import places
from warehouse.storage.folder import Folder
from warehouse.storage.place import Entry, Place


def copy(settings: Settings) -> int:
    """Bring what is new to the backups. Returns the number of files."""
    return sum(_bring(kept, place) for place, kept in _pairs(settings))


def put_back(settings: Settings) -> int:
    """Bring files that are missing in the landing zone back. Returns their number; what is there stays as it is."""
    return sum(_bring(place, kept, replace=False) for place, kept in _pairs(settings))


def _pairs(settings: Settings) -> Iterator[tuple[Place, Folder]]:
    for name, place in places.named(settings).items():
        yield place, Folder(settings.backups / name)


def _bring(target: Place, origin: Place, *, replace: bool = True) -> int:
    there = {entry.key: entry for entry in target.entries()}
    brought = 0
    for entry in origin.entries():
        found = there.get(entry.key)
        if found is not None and (not replace or _is_same(entry, found)):
            continue
        with target.draft(entry.key) as draft:
            origin.fetch(entry.key, draft)
            target.keep(draft, entry.key)
        brought += 1
    return brought


def _is_same(one: Entry, other: Entry) -> bool:
    """By size and time: a file of the archive may have been written anew."""
    return (one.size, one.modified) == (other.size, other.modified)
