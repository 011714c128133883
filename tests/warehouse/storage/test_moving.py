"""A home that moves, a database that is restored elsewhere and one of an earlier revision still find every file."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from sqlalchemy import text

from loaders.ledger.pipeline import prepare
from orchestration.doctor import file_checks
from tests.loaders.files import facebook as export
from tests.loaders.files import facebook_row
from tests.sources import facebook
from warehouse.clients import clients
from warehouse.control import migrate
from warehouse.deliveries import landing
from warehouse.deliveries.relayout import relayout
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings
from warehouse.storage import places

OLD = "control.uploaded_files", "raw_facebook.deliveries"


@pytest.fixture(scope="module", autouse=True)
def _client(database_url: str) -> Iterator[None]:
    with database.session() as current:
        clients.add_client(
            current, "acme", name="Acme", currency="USD", cpm=Decimal(10), effective_date=date(2025, 1, 1)
        )
    yield
    migrate.migrate()


@pytest.fixture
def upload(tmp_path: Path) -> Callable[..., UUID]:
    """Receive an export of a number of impressions."""

    def run(settings: Settings, impressions: int) -> UUID:
        data = export(facebook_row("2026-01-01", impressions))
        return facebook.receive(settings, data, "Ads of May.csv", "acme", "ann", supersede=True)

    return run


def paths(settings: Settings) -> list[tuple[str, str]]:
    with database.session(settings) as current:
        found = [current.execute(text(f"select landed_path, sha256 from {table}")).all() for table in OLD]
    return sorted({(path, sha256) for rows in found for path, sha256 in rows})


def check_all(settings: Settings, files: int) -> None:
    known = paths(settings)
    assert len(known) == files
    for path, sha256 in known:
        landing.check(settings, path, sha256)
    assert [line.level for line in file_checks.landing_zone(settings)] == ["ok"]


def test_a_home_that_moves_and_a_database_that_is_restored_elsewhere_find_every_file(
    upload: Callable[..., UUID], cluster_url: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDMEDIA_HOME", str(tmp_path / "before"))
    assert facebook.load(get_settings(), upload(get_settings(), 10)).ok
    waits = upload(get_settings(), 20)
    database.engine(get_settings()).dispose()
    shutil.move(tmp_path / "before", tmp_path / "elsewhere" / "after")
    restored = f"{database_url}_restored"
    name = database_url.rpartition("/")[2]
    run(cluster_url, f"create database {name}_restored template {name}")
    monkeypatch.setenv("PAIDMEDIA_HOME", str(tmp_path / "elsewhere" / "after"))
    monkeypatch.setenv("DATABASE_URL", restored)
    settings = get_settings()
    check_all(settings, 2)
    assert facebook.load(settings, waits).ok
    check_all(settings, 2)
    database.engine(settings).dispose()


def test_whole_paths_and_the_earlier_layout_are_migrated_down_and_up(
    settings: Settings, upload: Callable[..., UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare("facebook", settings)
    with database.session(settings) as current:
        current.execute(text("truncate control.uploaded_files"))
        current.execute(text("truncate raw_facebook.deliveries"))
    assert facebook.load(settings, upload(settings, 30)).ok
    waits = upload(settings, 40)
    known = paths(settings)
    with database.session(settings) as current:
        before = current.execute(text("select * from raw_facebook.deliveries")).mappings().all()

    migrate.migrate(settings, "0019")
    whole = paths(settings)
    assert [path for path, _ in whole] == [str(Path(settings.landing, path)) for path, _ in known]
    for path, sha256 in whole:
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256
    as_it_was(settings, whole)
    shutil.move(settings.paidmedia_home / "landing", tmp_path / "moved" / "landing")
    monkeypatch.setenv("PAIDMEDIA_HOME", str(tmp_path / "moved"))

    moved = get_settings()
    migrate.migrate(moved)
    assert [path for path, _ in paths(moved)] == sorted(f"{sha[:2]}/{sha}/Ads of May.csv" for _, sha in whole)
    with database.session(moved) as current:
        after = current.execute(text("select * from raw_facebook.deliveries")).mappings().all()
    assert [{**row, "landed_path": ""} for row in after] == [{**row, "landed_path": ""} for row in before]
    check_all(moved, 2)
    earlier = {path for path, _ in paths(moved)}

    lost = Path(moved.landing, max(earlier))
    lost.rename(lost.with_name("lost"))
    assert [line.partition(" (")[0] for line in relayout(moved).problems] == [
        "a delivered file is not in the landing zone"
    ] * len([path for path in rows_of(moved) if path == max(earlier)])
    lost.with_name("lost").rename(lost)
    outcome = relayout(moved)
    assert (outcome.problems, relayout(moved).files) == ([], 0)
    today = {
        f"facebook/acme/{datetime.now(UTC).date() - timedelta(days=back)}/{sha}.csv"
        for back in (0, 1)
        for _, sha in whole
    }
    assert {path for path, _ in paths(moved)} <= today
    assert {entry.key for entry in places.landing_zone(moved).entries()} == {path for path, _ in paths(moved)}
    check_all(moved, 2)
    assert facebook.load(moved, waits).ok


def rows_of(settings: Settings) -> list[str]:
    with database.session(settings) as current:
        return [path for table in OLD for path in current.scalars(text(f"select landed_path from {table}"))]


def as_it_was(settings: Settings, whole: list[tuple[str, str]]) -> None:
    """Lay the files out as they were before, and name them by their whole paths."""
    for path, sha256 in whole:
        old = Path(settings.landing, sha256[:2], sha256, "Ads of May.csv")
        old.parent.mkdir(parents=True)
        Path(path).rename(old)
        with database.session(settings) as current:
            for table in OLD:
                changed = f"update {table} set landed_path = :new where landed_path = :old"
                current.execute(text(changed), {"new": str(old), "old": path})


def test_archived_months_are_known_by_their_path_in_the_archive(settings: Settings) -> None:
    migrate.migrate(settings, "0019")
    a_month: dict[str, Any] = {"file": "archive/daily_metrics/2025-01.parquet"}
    with database.session(settings) as current:
        current.execute(
            text(
                "insert into control.archived_months (month, rows, sums, file, sha256, size_bytes)"
                " values ('2025-01-01', 1, '{}', :file, 'a', 1)"
            ),
            a_month,
        )
    for revision, file in (("head", "daily_metrics/2025-01.parquet"), ("0019", a_month["file"])):
        migrate.migrate(settings, revision)
        with database.session(settings) as current:
            assert current.scalars(text("select file from control.archived_months")).all() == [file]
    migrate.migrate(settings)


def run(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(statement)
    connection.close()
