"""What leaves in time, as the command and the job see it: runs, log files, parts that fail, the lock of builds."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from loaders.locks import locked
from orchestration.lib import names, old_logs, retention
from orchestration.lib.instance import prepare_dagster_home
from orchestration.lib.runs import run_job
from tests.orchestration.conftest import Shell
from warehouse.months import utc_today
from warehouse.settings import Settings

DAYS = dg.DailyPartitionsDefinition("2026-01-01")


@dg.asset(partitions_def=DAYS)
def delivered(context: dg.AssetExecutionContext) -> None:
    """Says something on its way."""
    print("read", context.partition_key)


@dg.asset
def modelled() -> None:
    """Has no partitions."""


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The product's own instance."""
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(settings))) as instance:
        yield instance


def materialised(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, day: str | None = None) -> str:
    return dg.materialize([asset], instance=instance, partition_key=day).run_id


def left(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


def test_old_runs_leave_and_what_is_materialised_stays_known(instance: dg.DagsterInstance, settings: Settings) -> None:
    again = [materialised(instance, delivered, "2026-01-05") for _ in range(2)]
    other = materialised(instance, delivered, "2026-01-06")
    builds = [materialised(instance, modelled) for _ in range(2)]
    everyone = {*again, other, *builds}
    after_90, after_91 = utc_today() + timedelta(days=90), utc_today() + timedelta(days=91)
    assert list(old_logs.expire_runs(settings, after_90, dry_run=False)) == []
    [said] = old_logs.expire_runs(settings, after_91, dry_run=True)
    assert (said.count, said.unit, left(instance)) == (5, "runs", everyone)
    assert said.size_bytes > 0
    [done] = old_logs.expire_runs(settings, after_91, dry_run=False)
    assert done == said
    assert left(instance) == {again[1], other, builds[1]}
    assert instance.get_materialized_partitions(delivered.key) == {"2026-01-05", "2026-01-06"}
    last = instance.get_latest_materialization_event(modelled.key)
    assert last is not None
    assert last.run_id == builds[1]
    home = Path(instance.root_directory)
    assert not [path for path in home.rglob("*") if any(run_id in path.name for run_id in everyone)]
    assert list(old_logs.expire_runs(settings, after_91, dry_run=False)) == []


def test_a_log_is_put_aside_by_day_and_leaves_90_days_later(settings: Settings) -> None:
    logs = settings.paidmedia_home / "logs"
    logs.mkdir(exist_ok=True)
    today = utc_today()
    with (logs / "jobs.log").open("a") as writer:
        writer.write("yesterday's line\n")
        writer.flush()
        list(old_logs.expire_files(settings, today, dry_run=True))
        assert (logs / "jobs.log").read_text() == "yesterday's line\n"
        list(old_logs.expire_files(settings, today, dry_run=False))
        writer.write("a line of a process that never closed the file\n")
    assert (logs / f"jobs.log.{today}").read_text() == "yesterday's line\n"
    assert (logs / "jobs.log").read_text() == "a line of a process that never closed the file\n"
    list(old_logs.expire_files(settings, today + timedelta(days=90), dry_run=False))
    assert (logs / f"jobs.log.{today}").exists()
    list(old_logs.expire_files(settings, today + timedelta(days=91), dry_run=False))
    assert not (logs / f"jobs.log.{today}").exists()


def test_a_log_that_nobody_writes_any_more_leaves(settings: Settings) -> None:
    log = settings.paidmedia_home / "dbt" / "target" / "dbt.log.1"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("long ago\n")
    os.utime(log, (0, 0))
    [said] = old_logs.expire_files(settings, utc_today(), dry_run=True)
    assert (said.count, said.size_bytes, log.exists()) == (1, 9, True)
    list(old_logs.expire_files(settings, utc_today(), dry_run=False))
    assert not log.exists()


def test_the_command_shows_what_would_leave_and_changes_nothing(paidmedia: Shell) -> None:
    paidmedia.sql(
        "insert into control.audit_log (occurred_at, actor, action, entity, entity_id)"
        " values ('2020-02-02', 'ana', 'set', 'cpm', 'acme') returning 1"
    )
    answer = paidmedia("retention", "--dry-run")
    assert answer.code == 0, answer.err
    assert "What would leave" in answer.out
    assert "audit_log 2020-02" in answer.out
    assert "1 entries" in answer.out
    assert paidmedia.sql("select count(*) from control.audit_log where occurred_at < '2021-01-01'") == [(1,)]


def test_a_part_that_fails_fails_the_run_with_a_line_and_stops_no_other(paidmedia: Shell, settings: Settings) -> None:
    archive = Path(settings.archive)
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_text("not a folder")
    (settings.paidmedia_home / "logs").mkdir(exist_ok=True)
    (settings.paidmedia_home / "logs" / "app.log").write_text("a line\n")
    outcome = run_job(settings, names.RETENTION_JOB, listener=lambda _: None)
    assert not outcome.succeeded
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("audit log: ")
    assert (settings.paidmedia_home / "logs" / f"app.log.{utc_today()}").exists()
    answer = paidmedia("retention")
    assert (answer.code, "audit log: " in answer.line) == (1, True)
    archive.unlink()


def test_the_job_archives_what_the_dry_run_named(paidmedia: Shell, settings: Settings) -> None:
    outcome = run_job(settings, names.RETENTION_JOB, listener=lambda _: None)
    assert outcome.succeeded, outcome.errors
    assert [path.name[:7] for path in Path(settings.archive, "audit_log").iterdir()] == ["2020-02"]
    assert paidmedia.sql("select count(*) from control.audit_log where occurred_at < '2021-01-01'") == [(0,)]
    answer = paidmedia("retention")
    assert (answer.code, answer.out.strip()) == (0, "Nothing is old enough to leave.")


def test_it_waits_for_a_build_and_a_dry_run_does_not(settings: Settings) -> None:
    done = threading.Event()

    def work() -> None:
        retention.run(settings)
        done.set()

    with locked("paidmedia build", settings):
        retention.run(settings, dry_run=True)
        waiting = threading.Thread(target=work)
        waiting.start()
        assert not done.wait(2)
    assert done.wait(30)
    waiting.join()
