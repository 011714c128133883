"""Every delivered file is kept once, by source, client and day, and is found where it was put."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from sandbox.s3 import s3_client
from warehouse.backup import landed as backup
from warehouse.deliveries import landing
from warehouse.deliveries.landing import FileChanged, FileLost, LandedFile
from warehouse.settings import Settings
from warehouse.storage import places

CONTENT = b"a,b\n1,2\n"
SHA = hashlib.sha256(CONTENT).hexdigest()
DAY = date(2026, 11, 29)
OLD = f"{SHA[:2]}/{SHA}/Ads of May.csv"


def store(settings: Settings, content: bytes | Path = CONTENT, filename: str = "May.CSV", **more: bool) -> LandedFile:
    return landing.store(content, settings, source="vibe", client_id="acme", filename=filename, on=DAY, **more)


def keys(settings: Settings) -> list[str]:
    return sorted(entry.key for entry in places.landing_zone(settings).entries())


@pytest.mark.parametrize("from_disk", [False, True])
def test_a_file_lies_by_source_client_and_day_under_its_sha256(
    zone: Callable[..., Settings], tmp_path: Path, from_disk: bool
) -> None:
    settings, file = zone(), tmp_path / "file"
    file.write_bytes(CONTENT)
    for _ in range(2):
        kept = store(settings, file if from_disk else CONTENT)
        assert kept == LandedFile(SHA, f"vibe/acme/2026-11-29/{SHA}.csv", 8)
    assert keys(settings) == [kept.path]
    assert landing.read(settings, kept.path, SHA) == CONTENT
    assert landing.holds(settings, kept.path)


@pytest.mark.parametrize(
    ("filename", "ending"), [("../../etc/passwd", ""), ("a.c/sv", ""), ("Übersicht.xlsx", ".xlsx"), ("a.csv\0", "")]
)
def test_a_name_of_a_file_leads_nowhere(zone: Callable[..., Settings], filename: str, ending: str) -> None:
    assert store(zone(), filename=filename).path == f"vibe/acme/2026-11-29/{SHA}{ending}"


def test_a_file_that_is_lost_or_changed_is_named_and_the_next_delivery_mends_it(zone: Callable[..., Settings]) -> None:
    settings = zone()
    kept, place = store(settings), places.landing_zone(settings)
    for damage in (b"a,b\n1,3\n", b"a,b"):
        place.write(kept.path, damage)
        with pytest.raises(FileChanged, match=r"was changed in the landing zone \(.*vibe/acme.*\): bring it back"):
            landing.check(settings, kept.path, SHA)
    store(settings)
    landing.check(settings, kept.path, SHA)
    place.delete(kept.path)
    assert not landing.holds(settings, kept.path)
    with pytest.raises(FileLost, match=r"is not in the landing zone \(.*vibe/acme.*\): bring it back from a backup"):
        landing.read(settings, kept.path, SHA)


def test_uploads_may_be_kept_in_a_folder_of_their_own_and_are_found_after_it_is_given_up(
    zone: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = zone(upload_dir=tmp_path / "uploads")
    kept = store(settings, is_upload=True)
    assert (keys(settings), (tmp_path / "uploads" / kept.path).read_bytes()) == ([], CONTENT)
    assert landing.read(settings, kept.path, SHA) == CONTENT
    report = store(settings, b"a report")
    assert landing.read(settings, report.path, report.sha256) == b"a report"
    (tmp_path / "uploads").rename(tmp_path / "uploads-2")
    moved = settings.model_copy(update={"upload_dir": tmp_path / "uploads-2"})
    assert landing.read(moved, kept.path, SHA) == CONTENT


def test_a_file_of_the_earlier_layout_is_found(zone: Callable[..., Settings]) -> None:
    settings = zone()
    places.landing_zone(settings).write(OLD, CONTENT)
    assert landing.read(settings, OLD, SHA) == CONTENT


def test_what_is_made_from_a_file_lies_beside_it() -> None:
    assert landing.beside(f"vibe/acme/2026-11-29/{SHA}.csv", "unmapped.parquet").endswith(f"/{SHA}.unmapped.parquet")
    assert landing.beside(f"vibe/acme/2026-11-29/{SHA}", "unmapped.parquet").endswith(f"/{SHA}.unmapped.parquet")
    assert landing.beside(OLD, "unmapped.parquet") == f"{SHA[:2]}/{SHA}/Ads of May.unmapped.parquet"


def test_a_landing_zone_that_went_from_a_folder_into_a_bucket_keeps_its_paths(
    tmp_path: Path, endpoint: str, new_bucket: Callable[[], str]
) -> None:
    before = Settings(paidmedia_home=tmp_path, _env_file=None)
    kept, bucket = store(before), new_bucket()
    for entry in places.landing_zone(before).entries():
        key = f"zone/{entry.key}"
        s3_client(endpoint).upload_file(str(Path(before.landing, entry.key)), bucket, key)
    after = before.model_copy(
        update={
            "landing_zone": f"s3://{bucket}/zone", "aws_endpoint_url": endpoint, "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }
    )  # fmt: skip
    assert landing.read(after, kept.path, SHA) == CONTENT


def test_a_backup_brings_what_is_new_and_puts_back_what_is_gone(zone: Callable[..., Settings]) -> None:
    settings = zone()
    place, kept, month = places.landing_zone(settings), store(settings), "daily_metrics/2025-01.parquet"
    assert (backup.copy(settings), backup.copy(settings)) == (1, 0)
    places.archive(settings).write(month, b"a month")
    assert (backup.copy(settings), backup.copy(settings)) == (1, 0)
    places.archive(settings).write(month, b"a month, anew")
    assert backup.copy(settings) == 1
    for key in keys(settings):
        place.delete(key)
    place.write(kept.path, b"is there")
    assert (backup.put_back(settings), backup.put_back(settings)) == (1, 0)
    assert b"".join(places.archive(settings).read(month)) == b"a month, anew"
    assert b"".join(place.read(kept.path)) == b"is there"


def test_a_backup_holds_an_archive_that_is_elsewhere(zone: Callable[..., Settings], tmp_path: Path) -> None:
    settings = zone(landing_archive=str(tmp_path / "cold"))
    store(settings)
    places.archive(settings).write("audit_log/2024-01.parquet", b"x")
    assert sorted(places.named(settings)) == ["archive", "landing"]
    assert backup.copy(settings) == 2
    assert (settings.backups / "archive" / "audit_log" / "2024-01.parquet").read_bytes() == b"x"
