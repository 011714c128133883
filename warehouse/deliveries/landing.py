"""The landing zone: every delivered file, unchanged, by source, client and day of delivery, named by its sha256.

bytes → <landing zone>/<source>/<client>/<2026-11-29>/<sha256>.csv

Whoever writes, reads or looks at a delivered file asks here. What is remembered of it is its path in the landing zone,
so a landing zone that has moved, and a database that was restored elsewhere, still find every file. Files of the
earlier layout, `<two digits>/<sha256>/<file name>`, are found in the same way.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePath

from warehouse.settings import Settings
from warehouse.storage import places
from warehouse.storage.errors import FileMissing, StorageFailed
from warehouse.storage.place import CHUNK, Place

FROM_BACKUP = "bring it back from a backup: paidmedia restore does"


class FileLost(StorageFailed):
    """The landing zone does not have a file that was delivered."""


class FileChanged(StorageFailed):
    """The landing zone has other bytes than were delivered."""


@dataclass(frozen=True)
class LandedFile:
    """A file in the landing zone: 64 hex digits, its path there, its length in bytes."""

    sha256: str
    path: str
    size_bytes: int


def store(
    content: bytes | Path, settings: Settings, *, source: str, client_id: str, filename: str, on: date,
    is_upload: bool = False,
) -> LandedFile:  # fmt: skip
    """Keep what was delivered on a day (UTC) for good. The same delivery again changes nothing.

    A file of this machine is copied in chunks. Whole or not at all: a crash leaves nothing that counts. Raises
    `StorageFailed`.
    """
    place = places.uploads(settings) if is_upload else places.landing_zone(settings)
    if isinstance(content, bytes):
        digest = hashlib.sha256(content).hexdigest()
        landed = LandedFile(digest, path_of(source, client_id, on, digest, filename), len(content))
        if place.size(landed.path) != landed.size_bytes:
            place.write(landed.path, content)
        return landed
    with place.draft(path_of(source, client_id, on, "incoming", filename)) as draft:
        digest, size = _copied(content, draft)
        landed = LandedFile(digest, path_of(source, client_id, on, digest, filename), size)
        if place.size(landed.path) != size:
            place.keep(draft, landed.path)
    return landed


def read(settings: Settings, path: str, sha256: str) -> bytes:
    """A landed file. Raises `FileLost`, `FileChanged`, and `StorageFailed` where the landing zone cannot be read."""
    return b"".join(chunks(settings, path, sha256))


def chunks(settings: Settings, path: str, sha256: str) -> Iterator[bytes]:
    """A landed file piece by piece, compared with its sha256 at the end: only who has all of it has it right.

    Raises as `read` does.
    """
    place, found = place_of(settings, path), hashlib.sha256()
    try:
        for chunk in place.read(path):
            found.update(chunk)
            yield chunk
    except FileMissing as error:
        raise FileLost(
            "a delivered file is not in the landing zone", where=place.where(path), fix=FROM_BACKUP
        ) from error
    if found.hexdigest() != sha256:
        what = "a delivered file was changed in the landing zone"
        raise FileChanged(what, where=place.where(path), fix=FROM_BACKUP)


def check(settings: Settings, path: str, sha256: str) -> None:
    """Read a file through, holding a piece of it at a time. Raises as `read` does."""
    for _ in chunks(settings, path, sha256):
        pass


def holds(settings: Settings, path: str) -> bool:
    """Whether a file is there, changed or not. Raises `StorageFailed` where that cannot be said."""
    return place_of(settings, path).size(path) is not None


def place_of(settings: Settings, path: str) -> Place:
    """The place that has a file; the landing zone where none has. An upload may be in `UPLOAD_DIR`."""
    zone, elsewhere = places.landing_zone(settings), places.uploads(settings)
    if elsewhere.address != zone.address and elsewhere.size(path) is not None:
        return elsewhere
    return zone


def path_of(source: str, client_id: str, on: date, sha256: str, filename: str) -> str:
    """The path of a file that is delivered on a day: the rule of the layout."""
    return f"{source}/{client_id}/{on}/{sha256}{_ending(filename)}"


def beside(path: str, ending: str) -> str:
    """The path of what is kept beside a landed file and made from it: `….csv` and "unmapped.parquet" share a name."""
    return f"{PurePath(path).with_suffix('').as_posix()}.{ending}"


def _ending(filename: str) -> str:
    """`.csv` of `May.CSV`; nothing where it is no plain one."""
    found = re.search(r"\.[a-z0-9]{1,10}$", filename.lower())
    return found[0] if found else ""


def _copied(source: Path, draft: Path) -> tuple[str, int]:
    """Copy a file into a draft. Returns sha256 and bytes of what was copied."""
    digest, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as file, draft.open("wb") as out:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
                size += len(chunk)
    except OSError as error:
        reason = f"{error.filename or draft}: {error.strerror or error}"
        raise StorageFailed("a file cannot be copied", where=reason, fix="see that the disk has room") from error
    return digest.hexdigest(), size
