"""The jobs of backups do what the commands do, a failed drill fails its run, and both rest until they are wanted."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import defs
from orchestration.lib import names
from orchestration.lib.runs import run_job
from tests.conftest import server_home
from warehouse.backup.store import stores
from warehouse.control import migrate
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

pytestmark = pytest.mark.heavy
SCHEDULES = ("backup_daily", "restore_drill_weekly")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A warehouse on an embedded server of its own."""
    with server_home() as folder, pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setenv("PAIDMEDIA_HOME", str(folder))
        patch.setenv("SECRET_KEY", "a key for tests only")
        patch.setenv("BACKUP_LOG_SECONDS", "1")
        migrate.migrate()
        yield folder
        database.engine().dispose()


@pytest.fixture
def settings(home: Path) -> Settings:
    """Of that warehouse."""
    return get_settings()


def test_a_backup_a_drill_and_a_drill_that_fails(settings: Settings) -> None:
    for job in (names.BACKUP_JOB, names.DRILL_JOB):
        outcome = run_job(settings, job, listener=lambda _: None)
        assert outcome.succeeded, outcome.errors
    store = stores(settings.backups)[0]
    (store.backups()[-1].folder / "backup.json").unlink()
    outcome = run_job(settings, names.DRILL_JOB, listener=lambda _: None)
    assert not outcome.succeeded
    assert outcome.errors[0].startswith("there is no backup")
    with database.session(settings) as current:
        query = "select status, error is null from control.restore_drills order by started_at"
        found = [tuple(row) for row in current.connection().exec_driver_sql(query)]
    assert found == [("passed", True), ("failed", False)]


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_the_schedules_run_where_backups_are_wanted(
    folder: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if folder is not None:
        monkeypatch.setenv("BACKUP_DIR", str(tmp_path / folder))
    wanted = dg.DefaultScheduleStatus.STOPPED if folder is None else dg.DefaultScheduleStatus.RUNNING
    found = {each.name: each.default_status for each in defs().get_repository_def().schedule_defs}
    assert {name: found[name] for name in SCHEDULES} == dict.fromkeys(SCHEDULES, wanted)
