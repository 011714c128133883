"""What a place of files can do, whatever it is. Every call raises `StorageFailed`, one line that says what to do."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from warehouse.storage.errors import StorageFailed

CHUNK = 2**20  # bytes of a file that are in memory at a time
NAMED = 60  # letters of a file's name in that of its draft, of which a disk takes 255 bytes
DRAFT = "."  # what a file's name begins with while its writer is at work: it counts nowhere


@dataclass(frozen=True)
class Entry:
    """A file of a place. `size` is bytes; `modified` seconds since 1970, of which a bucket knows whole ones."""

    key: str
    size: int
    modified: float


class Place(Protocol):
    """Files by key. A file has its key once it is whole, and not before."""

    @property
    def address(self) -> str:
        """The folder, or `s3://bucket/prefix`."""

    def where(self, key: str) -> str:
        """The whole address of a file, for people."""

    def write(self, key: str, data: bytes) -> None:
        """Write a small file, in the place of one that is there."""

    def draft(self, key: str) -> AbstractContextManager[Path]:
        """An empty file on this machine to write what `keep` then names; gone when the block ends."""

    def keep(self, draft: Path, key: str) -> None:
        """Give what is in a draft its key, in the place of a file that is there."""

    def remove_drafts(self, key: str) -> None:
        """Remove what killed writers of a key have left. To be called when no other can be at work."""

    def size(self, key: str) -> int | None:
        """A file's bytes, None where there is none."""

    def read(self, key: str) -> Iterator[bytes]:
        """A file in chunks. Raises `FileMissing` where there is none."""

    def fetch(self, key: str, target: Path) -> None:
        """Bring a file to a path of this machine, in whose place a file may be, with the time of its last change."""

    def entries(self) -> Iterator[Entry]:
        """All files, in no order; drafts are none."""

    def delete(self, key: str) -> None:
        """Remove a file that may be there."""

    def check(self) -> None:
        """Whether the place may be listed and written; leaves nothing in it."""


def checked(key: str) -> str:
    """The key. Raises `StorageFailed` for one that leads out of its place."""
    if not key or any(part in ("", ".", "..") or "\0" in part for part in key.split("/")):
        raise StorageFailed("this is no path below a place of files", where=repr(key), fix="report it")
    return key


def sync_folder(folder: Path) -> None:
    """So that new names in it outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
