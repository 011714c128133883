"""Which backup leads to a moment, and along which timeline.

A restore gives the server's log a new timeline; the old one stays in the archive. The moment 10:00 is one of the
timeline that was written at 10:00: what was undone by a restore at 11:00 can still be brought back.
"""

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from warehouse.backup.store import Backup, Store


@dataclass(frozen=True)
class Timeline:
    """A timeline since it began, with the position at which each of its ancestors was left."""

    number: int
    began_at: datetime | None
    left: dict[int, int]

    def leads_from(self, backup: Backup) -> bool:
        """Whether its log goes on where the backup ended."""
        if backup.timeline == self.number:
            return True
        return backup.timeline in self.left and position(backup.stop) <= self.left[backup.timeline]


def timelines(store: Store) -> list[Timeline]:
    """Those in the archive, oldest first. One began when its history was archived."""
    found = [Timeline(1, None, {})]
    for path in sorted(store.log.glob("*.history*")):
        began = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        found.append(Timeline(int(path.name[:8], 16), began, _ancestors(path)))
    return found


def timeline_of(store: Store, moment: datetime | None) -> Timeline:
    """The timeline that was written at a moment; None stands for the end of the log."""
    known = timelines(store)
    return [each for each in known if moment is None or each.began_at is None or each.began_at <= moment][-1]


def backup_for(store: Store, moment: datetime | None) -> tuple[Backup, Timeline] | None:
    """The newest backup from which the log leads to a moment, and the timeline; None where there is none."""
    timeline = timeline_of(store, moment)
    for backup in reversed(store.backups()):
        if timeline.leads_from(backup) and (moment is None or backup.ended_at <= moment):
            return backup, timeline
    return None


def position(text: str) -> int:
    """`1/2A` → the position in the log as a number."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def _ancestors(path: Path) -> dict[int, int]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    fields = [line.split("\t") for line in raw.decode().splitlines() if line.strip() and not line.startswith("#")]
    return {int(number): position(left) for number, left, *_ in fields}
