"""The places that the settings name: the landing zone, its archive, and `UPLOAD_DIR` where uploads are kept elsewhere.

LANDING_ZONE  (PAIDMEDIA_HOME/landing)     every delivered file
LANDING_ARCHIVE  (archive/ of it)          rows that are no longer in Postgres
UPLOAD_DIR                                 uploaded files, instead of the landing zone
"""

from pathlib import Path

from warehouse.settings import S3, Settings
from warehouse.storage import s3
from warehouse.storage.bucket import Bucket
from warehouse.storage.folder import Folder
from warehouse.storage.place import Place


def landing_zone(settings: Settings) -> Place:
    """Where delivered files are kept."""
    return _place(settings, settings.landing, "LANDING_ZONE")


def archive(settings: Settings) -> Place:
    """Where rows are kept that are no longer in Postgres, as Parquet."""
    return _place(settings, settings.archive, "LANDING_ARCHIVE" if settings.landing_archive else "LANDING_ZONE")


def uploads(settings: Settings) -> Place:
    """Where uploaded files are kept."""
    return Folder(settings.upload_dir) if settings.upload_dir else landing_zone(settings)


def named(settings: Settings) -> dict[str, Place]:
    """Every place by its name, none that lies in another of them."""
    found: dict[str, Place] = {"landing": landing_zone(settings)}
    if settings.upload_dir and str(settings.upload_dir) != settings.landing:
        found["uploads"] = uploads(settings)
    if not settings.archive.startswith(f"{settings.landing}/"):
        found["archive"] = archive(settings)
    return found


def _place(settings: Settings, address: str, setting: str) -> Place:
    if not address.startswith(S3):
        return Folder(Path(address))
    bucket, _, prefix = address.removeprefix(S3).partition("/")
    return Bucket(bucket, prefix, s3.landing_access(settings), settings.scratch, setting)
