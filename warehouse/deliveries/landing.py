"""The landing zone: every delivered file, unchanged, under its sha256.

`bytes → <root>/<first two hex digits>/<sha256>/<file name>`; writing the same bytes again changes nothing.
"""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from warehouse.settings import Settings


@dataclass(frozen=True)
class LandedFile:
    """A file as it lies in the landing zone. `size_bytes` is its length, `sha256` 64 hex digits."""

    sha256: str
    path: Path
    size_bytes: int


def store(data: bytes, settings: Settings, *, filename: str, root: Path | None = None) -> LandedFile:
    """Keep `data` for good and return where it lies. Atomic: a crash leaves either the whole file or none."""
    digest = hashlib.sha256(data).hexdigest()
    folder = (root or settings.landing_zone) / digest[:2] / digest
    path = folder / safe_name(filename)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".landing-")
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        Path(temporary).rename(path)
    return LandedFile(digest, path, len(data))


def safe_name(filename: str) -> str:
    """A file name without folders or characters that a file system may refuse; at most 120 characters."""
    base = re.split(r"[/\\]", filename)[-1]
    cleaned = re.sub(r"[^\w.\- ()]", "_", base).strip(". ")
    return cleaned[-120:] or "file"
