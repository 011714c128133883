"""What the folder of backups holds: which of it leads to a moment, what may leave, and that nothing is overwritten."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.backup import landed, log, taking, totals
from warehouse.backup.expiry import expire, needed
from warehouse.backup.history import backup_for, timeline_of
from warehouse.backup.store import Backup, Store, note
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty one; its path has what a shell and Postgres take for signs of theirs."""
    store = Store(tmp_path / "it's 100% safe", "42")
    store.base.mkdir(parents=True)
    store.log.mkdir()
    return store


def add(store: Store, label: str, hours: int, start: int, *, base: str | None = None, timeline: int = 1) -> Backup:
    """A backup that ended so many hours after noon and begins in the segment of that number."""
    ended = NOON + timedelta(hours=hours)
    backup = Backup(
        label=label, base=base, version=18, timeline=timeline, start=f"0/{start:02X}000028",
        stop=f"0/{start:02X}000120", started_at=ended - timedelta(minutes=1), ended_at=ended, size_bytes=1,
        folder=store.base / label,
    )  # fmt: skip
    backup.data.mkdir(parents=True)
    name = f"{timeline:08X}{start:016X}"
    (backup.data / "backup_label").write_text(f"START WAL LOCATION: {backup.start} (file {name})\n")
    note(backup)
    return backup


def at(store: Store, hours: float) -> str | None:
    """The label of the backup that leads to a moment so many hours after noon."""
    found = backup_for(store, NOON + timedelta(hours=hours))
    return found[0].label if found else None


def begin_timeline(store: Store, number: int, hours: int, left: str) -> None:
    """A restore so many hours after noon, to a position of timeline 1."""
    path = store.log / f"{number:08X}.history"
    path.write_text(f"1\t{left}\tbefore some time\n")
    began = (NOON + timedelta(hours=hours)).timestamp()
    os.utime(path, (began, began))


def test_the_newest_backup_that_ended_before_a_moment_leads_to_it(store: Store) -> None:
    add(store, "a", 0, 2)
    add(store, "b", 2, 5, base="a")
    assert [at(store, hours) for hours in (-1, 0, 1.9, 2, 9)] == [None, "a", "a", "b", "b"]
    assert [each.label for each in store.chain(store.backups()[1])] == ["a", "b"]


def test_a_moment_is_one_of_the_timeline_that_was_written_then(store: Store) -> None:
    add(store, "a", 0, 2)
    add(store, "b", 2, 5)
    begin_timeline(store, 2, 4, "0/4000000")  # restored at 16:00 to a time before the second backup
    assert [timeline_of(store, NOON + timedelta(hours=hours)).number for hours in (1, 3, 5)] == [1, 1, 2]
    assert [at(store, hours) for hours in (1, 3, 5)] == ["a", "b", "a"]
    add(store, "c", 6, 4, timeline=2)
    assert [at(store, hours) for hours in (3, 5, 7)] == ["b", "a", "c"]


def test_what_is_half_made_or_rests_on_nothing_is_no_backup(store: Store) -> None:
    add(store, "a", 0, 2)
    add(store, "b", 1, 3, base="gone")
    (store.base / ".c" / "data").mkdir(parents=True)
    (store.base / "d" / "data").mkdir(parents=True)
    assert [each.label for each in store.backups()] == ["a"]
    (store.base / "a" / "backup.json").write_text("{")
    with pytest.raises(PaidMediaError, match="cannot be read"):
        store.backups()


def test_what_no_kept_moment_needs_leaves_and_nothing_else(store: Store) -> None:
    for label, hours, start, base in (("a", 0, 2, None), ("b", 24, 4, "a"), ("c", 48, 6, None), ("d", 72, 8, "c")):
        add(store, label, hours, start, base=base)
    for segment in range(1, 10):
        (store.log / f"00000001{segment:016X}.gz").touch()
    (store.log / "00000002.history.gz").touch()
    kept = needed(store.backups(), NOON + timedelta(hours=30))
    assert [each.label for each in kept] == ["a", "b", "c", "d"]  # 18:00 of the second day rests on b, and b on a
    assert expire(store, NOON + timedelta(hours=30 + 24), 1) == 0
    assert expire(store, NOON + timedelta(hours=49 + 24), 1) == 2
    assert [each.label for each in store.backups()] == ["c", "d"]
    segments = sorted(int(path.name[8:24], 16) for path in store.log.glob("00000001*"))
    assert segments == [6, 7, 8, 9]
    assert (store.log / "00000002.history.gz").exists()


def test_a_segment_is_archived_once_and_never_replaced_by_another_content(store: Store, tmp_path: Path) -> None:
    segment = tmp_path / "segment"
    for content, code in ((b"one" * 1000, 0), (b"one" * 1000, 0), (b"two" * 1000, 1)):
        segment.write_bytes(content)
        assert shell(log.archive_command(store.log), "0" * 24, segment) == code
    back = tmp_path / "back"
    assert shell(log.restore_command(store.log), "0" * 24, back) == 0
    assert back.read_bytes() == b"one" * 1000
    assert [path.name for path in store.log.iterdir()] == [f"{'0' * 24}.gz"]


def test_a_segment_comes_back_whoever_archived_it(store: Store, tmp_path: Path) -> None:
    old = tmp_path / "pg_wal"
    old.mkdir()
    (store.log / "A").write_text("plain")
    (store.log / "B.partial").write_text("received so far")
    (old / "C").write_text("never archived")
    back = tmp_path / "back"
    for name, content in (("A", "plain"), ("B", "received so far"), ("C", "never archived")):
        assert shell(log.restore_command(store.log, old), name, back) == 0
        assert back.read_text() == content
    assert shell(log.restore_command(store.log, old), "D", back) == 1


def test_a_backup_whose_file_changed_on_the_way_is_none(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    manifest = {"Files": [{"Path": "f", "Size": 3, "Checksum": digest}]}
    (tmp_path / "backup_manifest").write_text(json.dumps(manifest))
    assert taking.compare(tmp_path) == 3
    for damage in (b"abd", b"abcd"):
        (tmp_path / "f").write_bytes(damage)
        with pytest.raises(PaidMediaError, match="is not what the server sent"):
            taking.compare(tmp_path)


def test_totals_that_differ_are_named() -> None:
    expected = {"marts.a": {"rows": "2", "spend": "1.50"}, "marts.b": {"rows": "0"}}
    assert totals.differences(expected, expected) == []
    found = {"marts.a": {"rows": "2", "spend": "1.40"}, "marts.c": {"rows": "0"}}
    assert totals.differences(expected, found) == [
        "marts.a: spend 1.40, not 1.50", "marts.b is only expected", "marts.c is only found",
    ]  # fmt: skip


def test_delivered_files_are_brought_once_and_come_back_when_they_are_gone(tmp_path: Path) -> None:
    settings = Settings(paidmedia_home=tmp_path / "home", upload_dir=tmp_path / "uploads", _env_file=None)
    uploads = tmp_path / "uploads"
    for folder, name in ((Path(settings.landing), "a/report.csv"), (uploads, "b/export.csv")):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(name)
    assert (landed.copy(settings), landed.copy(settings)) == (2, 0)
    archive = Path(settings.archive) / "2025-01.parquet"
    archive.parent.mkdir()
    archive.write_text("a month")
    assert landed.copy(settings) == 1
    archive.unlink()
    archive.write_text("a month, written again")
    assert landed.copy(settings) == 1
    (uploads / "b/export.csv").unlink()
    archive.unlink()
    assert (landed.put_back(settings), landed.put_back(settings)) == (2, 0)
    assert archive.read_text() == "a month, written again"
    assert (uploads / "b/export.csv").read_text() == "b/export.csv"


def shell(command: str, name: str, path: Path) -> int:
    """As Postgres runs it: `%f` is the segment's name, `%p` its path, `%%` a per cent sign."""
    filled = command.replace("%%", "\0").replace("%f", name).replace("%p", str(path)).replace("\0", "%")
    return subprocess.run(["sh", "-c", filled], check=False).returncode
