"""The name of a delivered file, as people know it. The landing zone names files by their bytes."""

from datetime import date
from pathlib import PurePath

from warehouse.control.sources import REPORT_API


def filename_of(source: str, transport: str, origin: str, covers_from: date | None, covers_to: date | None) -> str:
    """Without folders: that of the object or the upload; a report, which comes without one, is named by its days."""
    if transport != REPORT_API:
        return PurePath(origin).name
    days = dict.fromkeys(str(day) for day in (covers_from, covers_to) if day)
    return f"{'-'.join([source, *days])}.csv"
