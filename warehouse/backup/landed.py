"""Delivered files in the folder of backups: the landing zone, its archive, and `UPLOAD_DIR` where that is elsewhere.

They never change once they are there, so a backup brings the new ones only: as another name of the same bytes where
both folders are of one disk, which guards against deletion, else as a copy.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from warehouse.settings import Settings


def copy(settings: Settings) -> int:
    """Bring what is new to the backups. Returns the number of files."""
    return sum(_bring(theirs, ours) for ours, theirs in _folders(settings))


def put_back(settings: Settings) -> int:
    """Bring files that are missing in the landing zone back. Returns their number; what is there stays as it is."""
    return sum(_bring(ours, theirs, replace=False) for ours, theirs in _folders(settings))


def _folders(settings: Settings) -> Iterator[tuple[Path, Path]]:
    yield settings.landing_zone, settings.backups / "landing"
    if settings.uploads != settings.landing_zone:
        yield settings.uploads, settings.backups / "uploads"


def _bring(target: Path, origin: Path, *, replace: bool = True) -> int:
    brought = 0
    for path in origin.rglob("*"):
        if path.name.startswith(".") or not path.is_file():  # a dot: its writer is at work
            continue
        copied = target / path.relative_to(origin)
        if copied.exists() and (not replace or _is_same(path, copied)):
            continue
        copied.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _put(path, copied)
        brought += 1
    return brought


def _is_same(one: Path, other: Path) -> bool:
    """By size and time: a file of the archive may have been written anew."""
    first, second = one.stat(), other.stat()
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)


def _put(path: Path, target: Path) -> None:
    """Whole, under its name, or not at all."""
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=".copy-"))
    temporary = folder / target.name
    try:
        try:
            os.link(path, temporary)
        except OSError:  # another disk, or one without links
            shutil.copy2(path, temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        shutil.rmtree(folder)
