"""A folder as a place of files: written under a name that begins with a dot, brought to the disk, then renamed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.storage.errors import FileMissing, StorageFailed
from warehouse.storage.place import CHUNK, DRAFT, NAMED, Entry, checked, sync_folder


class Folder:
    """Files below a folder, which is made when the first is written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.root)

    def where(self, key: str) -> str:
        """The file's path."""
        return str(self._path(key))

    def write(self, key: str, data: bytes) -> None:
        """Write a file, in the place of one that is there."""
        with self.draft(key) as draft:
            with _told("be written", self.where(key)):
                draft.write_bytes(data)
            self.keep(draft, key)

    @contextmanager
    def draft(self, key: str) -> Iterator[Path]:
        """An empty file beside the one that it becomes."""
        path = self._path(key)
        with _told("be written", str(path)):
            _make(path.parent)
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path))
            os.close(descriptor)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, draft: Path, key: str) -> None:
        """Bring a draft to the disk and give it its name."""
        path = self._path(key)
        with _told("be written", str(path)):
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(path)
            sync_folder(path.parent)

    def remove_drafts(self, key: str) -> None:
        """Remove what killed writers of a key have left."""
        path = self._path(key)
        with _told("be written", str(path)):
            for left in path.parent.glob("*"):
                if left.name.startswith(_prefix(path)):
                    left.unlink()

    def size(self, key: str) -> int | None:
        """A file's bytes, None where there is none."""
        path = self._path(key)
        try:
            with _told("be read", str(path)):
                return path.stat().st_size if path.is_file() else None
        except FileMissing:
            return None

    def read(self, key: str) -> Iterator[bytes]:
        """A file in chunks."""
        path = self._path(key)
        with _told("be read", str(path)), path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def fetch(self, key: str, target: Path) -> None:
        """Another name of the same bytes where both are on one disk, else a copy."""
        path = self._path(key)
        with _told("be read", str(path)):
            target.unlink(missing_ok=True)
            try:
                os.link(path, target)
            except OSError:  # another disk, or one without links
                shutil.copy2(path, target)

    def entries(self) -> Iterator[Entry]:
        """All files; those with a dot in front, and what is in such folders, are at work or nobody's."""
        for folder, inner, names in os.walk(self.root):
            inner[:] = [name for name in inner if not name.startswith(DRAFT)]
            for name in names:
                path = Path(folder) / name
                if not name.startswith(DRAFT) and path.is_file():
                    found = path.stat()
                    yield Entry(path.relative_to(self.root).as_posix(), found.st_size, found.st_mtime)

    def delete(self, key: str) -> None:
        """Remove a file that may be there, and the folders that are empty then."""
        path = self._path(key)
        with _told("be removed", str(path)):
            path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.root or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()

    def check(self) -> None:
        """Whether it, or the folder that it would be made in, can be written."""
        existing = self.root
        while not existing.exists():
            existing = existing.parent
        with _told("be written", str(self.root)), tempfile.TemporaryFile(dir=existing):
            pass

    def _path(self, key: str) -> Path:
        return self.root / checked(key)


def _prefix(path: Path) -> str:
    return f"{DRAFT}{path.name[:NAMED]}-"


def _make(folder: Path) -> None:
    """Make a folder and those above it, each safe from a loss of power."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    sync_folder(folder.parent)


@contextmanager
def _told(what: str, where: str) -> Iterator[None]:
    """Say of an error of the system which file it was, and what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileMissing("there is no such file", where=where, fix="bring it back from a backup") from error
    except OSError as error:
        fix = "see that the disk has room and the folder belongs to the user of this process"
        reason = f"{where}: {error.strerror or error}"
        raise StorageFailed(f"a file cannot {what}", where=reason, fix=fix) from error
