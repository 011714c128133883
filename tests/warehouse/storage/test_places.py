"""A folder and a bucket answer the same calls in the same way."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.s3 import s3_client, s3_server
from warehouse.settings import PROJECT_ROOT, Settings
from warehouse.storage import places
from warehouse.storage.errors import FileMissing, StorageFailed
from warehouse.storage.place import Place

KEY = "vibe/acme/2026-11-29/report.csv"


@pytest.fixture
def place(zone: Callable[..., Settings]) -> Place:
    return places.landing_zone(zone())


def content(place: Place, key: str) -> bytes:
    return b"".join(place.read(key))


def test_a_file_is_written_read_listed_and_removed(place: Place, tmp_path: Path) -> None:
    assert (place.size(KEY), list(place.entries())) == (None, [])
    place.write(KEY, b"one")
    place.write("other.csv", b"")
    assert (place.size(KEY), content(place, KEY), content(place, "other.csv")) == (3, b"one", b"")
    place.write(KEY, b"three")
    assert sorted((each.key, each.size) for each in place.entries()) == [("other.csv", 0), (KEY, 5)]
    place.fetch(KEY, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"three"
    (entry,) = [each for each in place.entries() if each.key == KEY]
    assert (tmp_path / "fetched").stat().st_mtime == entry.modified
    for _ in range(2):
        place.delete(KEY)
    assert [each.key for each in place.entries()] == ["other.csv"]


def test_a_draft_counts_once_it_is_kept_and_leaves_nothing(place: Place) -> None:
    with place.draft(KEY) as draft:
        draft.write_bytes(b"half")
        assert (place.size(KEY), list(place.entries())) == (None, [])
    assert not draft.exists()
    with place.draft(KEY) as draft:
        draft.write_bytes(b"whole")
        place.keep(draft, KEY)
    assert (content(place, KEY), draft.exists()) == (b"whole", False)
    with place.draft("a.csv") as left, place.draft("ab.csv") as other:
        place.remove_drafts("a.csv")
        assert (left.exists(), other.exists()) == (False, True)


def test_a_name_may_be_as_long_as_a_disk_takes_it(place: Place) -> None:
    key = f"ab/{'ж' * 125}.csv"
    place.write(key, b"one")
    with place.draft(key) as draft:
        draft.write_bytes(b"two")
        place.keep(draft, key)
    assert content(place, key) == b"two"


def test_a_place_that_is_well_is_checked_and_left_as_it_was(place: Place) -> None:
    place.check()
    assert list(place.entries()) == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a/../../b", "a//b", ".", "a\0b"])
def test_no_key_leads_out_of_its_place(place: Place, key: str) -> None:
    for call in (lambda: place.write(key, b"x"), lambda: content(place, key), lambda: place.size(key)):
        with pytest.raises(StorageFailed, match="no path below a place of files"):
            call()


def test_a_file_that_is_not_there_is_named(place: Place, tmp_path: Path) -> None:
    for call in (lambda: content(place, KEY), lambda: place.fetch(KEY, tmp_path / "x")):
        with pytest.raises(FileMissing, match=re.escape(place.where(KEY))):
            call()
    assert not (tmp_path / "x").exists()


def test_what_begins_with_a_dot_or_is_a_folder_of_a_console_is_no_file(zone: Callable[..., Settings]) -> None:
    settings = zone()
    place = places.landing_zone(settings)
    place.write(KEY, b"one")
    if settings.landing_zone is None:
        Path(settings.landing, ".copy-1").mkdir()
        Path(settings.landing, ".copy-1", "report.csv").write_bytes(b"half")
    else:
        bucket, _, prefix = settings.landing.removeprefix("s3://").partition("/")
        client = s3_client(settings.aws_endpoint_url or "")
        client.put_object(Bucket=bucket, Key=f"{prefix}/vibe/", Body=b"")
        client.put_object(Bucket=bucket, Key=f"{prefix}-elsewhere/report.csv", Body=b"not ours")
    assert [each.key for each in place.entries()] == [KEY]


def in_a_bucket(tmp_path: Path, endpoint: str, **more: str) -> Place:
    told = {"landing_zone": "s3://lake", "aws_access_key_id": "testing", "aws_secret_access_key": "testing", **more}
    return places.landing_zone(Settings(paidmedia_home=tmp_path, aws_endpoint_url=endpoint, _env_file=None, **told))


def test_a_bucket_that_is_not_there_is_one_line(tmp_path: Path, endpoint: str) -> None:
    place = in_a_bucket(tmp_path, endpoint, landing_zone="s3://not-there/x")
    for call in (lambda: place.write(KEY, b"x"), lambda: content(place, KEY), lambda: list(place.entries())):
        with pytest.raises(StorageFailed, match=r"^there is no bucket not-there: check LANDING_ZONE$"):
            call()


def test_a_large_upload_to_a_bucket_that_is_not_there_is_the_same_line(tmp_path: Path, endpoint: str) -> None:
    place = in_a_bucket(tmp_path, endpoint, landing_zone="s3://not-there/x")
    with place.draft(KEY) as draft:
        draft.write_bytes(bytes(9 * 2**20))
        with pytest.raises(StorageFailed, match=r"^there is no bucket not-there: check LANDING_ZONE$"):
            place.keep(draft, KEY)


def test_a_key_that_may_not_and_a_server_that_is_silent_are_one_line(tmp_path: Path) -> None:
    with s3_server(access_key="the-right-one") as endpoint, pytest.raises(StorageFailed) as refused:
        in_a_bucket(tmp_path, endpoint).write(KEY, b"x")
    assert str(refused.value).startswith(
        "S3 refuses the key for bucket lake (InvalidAccessKeyId, PutObject s3://lake/v"
    )
    with pytest.raises(StorageFailed, match=r"bucket lake cannot be reached.*check AWS_ENDPOINT_URL and the network"):
        in_a_bucket(tmp_path, "http://127.0.0.1:9").write(KEY, b"x")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "landing").write_text("a file")
    place = places.landing_zone(Settings(paidmedia_home=tmp_path, _env_file=None))
    with pytest.raises(StorageFailed, match=r"^a file cannot be written \(.*landing.*\): see that the disk has room"):
        place.write(KEY, b"x")


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "s3://Bucket", "s3://b//x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="neither a folder nor s3://bucket/prefix"):
        Settings(landing_zone=address, _env_file=None)


MEMORY = """
import resource, sys
from datetime import date
from pathlib import Path
from warehouse.deliveries import landing
from warehouse.settings import Settings

settings = Settings(_env_file=None)
def store(content):
    return landing.store(content, settings, source="vibe", client_id="acme", filename="x.csv", on=date(2026, 1, 1))
landing.check(settings, *(lambda landed: (landed.path, landed.sha256))(store(bytes(10 * 2**20))))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
landed = store(Path(sys.argv[1]))
landing.check(settings, landed.path, landed.sha256)
print(landed.size_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.heavy
def test_a_large_file_is_kept_and_checked_in_little_memory(zone: Callable[..., Settings], tmp_path: Path) -> None:
    large, size = tmp_path / "large.csv", 128 * 2**20
    with large.open("wb") as file:
        file.truncate(size)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(large)], env=variables(zone()), cwd=PROJECT_ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    kept, kilobytes = map(int, done.stdout.split())
    assert kept == size
    assert kilobytes < 48 * 1024


KILLED = """
import os, sys
from datetime import date
from pathlib import Path
from warehouse.deliveries import landing
from warehouse.settings import Settings
from warehouse.storage import s3

settings = Settings(_env_file=None)
os.fsync = lambda _: os._exit(9)
if settings.landing_zone:
    s3.client(s3.landing_access(settings)).meta.events.register(
        "before-call.s3.CompleteMultipartUpload", lambda **_: os._exit(9)
    )
landing.store(Path(sys.argv[1]), settings, source="vibe", client_id="acme", filename="x.csv", on=date(2026, 1, 1))
"""


def test_a_killed_write_leaves_nothing_that_counts(zone: Callable[..., Settings], tmp_path: Path) -> None:
    large, settings = tmp_path / "large.csv", zone()
    large.write_bytes(bytes(9 * 2**20))
    victim = [sys.executable, "-c", KILLED, str(large)]
    assert subprocess.run(victim, env=variables(settings), cwd=PROJECT_ROOT, check=False).returncode == 9
    assert list(places.landing_zone(settings).entries()) == []


def variables(settings: Settings) -> dict[str, str]:
    """The environment of a process with these settings."""
    told = settings.model_dump(include={"landing_zone", "aws_access_key_id", "aws_secret_access_key"})
    told |= {"paidmedia_home": str(settings.paidmedia_home), "aws_endpoint_url": settings.aws_endpoint_url}
    return {"PYTHONPATH": str(PROJECT_ROOT), **{name.upper(): value for name, value in told.items() if value}}
