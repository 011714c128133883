"""Old logs: Dagster's runs with their events and output, and the log files below `PAIDMEDIA_HOME`.

What Dagster knows of its assets stays: a run that was the last to materialise an asset or one of its partitions keeps
its entry, and loses its own events and output only.
"""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.lib.instance import prepare_dagster_home
from orchestration.lib.workers import worker_of
from warehouse.postgres.embedded import Cluster
from warehouse.retention import Expired, cutoffs
from warehouse.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

PAGE = 200  # runs that are asked for at a time
ROTATED = re.compile(r"\.(\d{4}-\d{2}-\d{2})$")


def expire_runs(settings: Settings, today: date, *, dry_run: bool) -> Iterator[Expired]:
    """Delete what Dagster keeps of runs that ended long ago, or say what that would be."""
    from dagster import DagsterInstance

    before = cutoffs.logs_stay_from(today, settings)
    home = prepare_dagster_home(settings)
    with DagsterInstance.from_config(str(home)) as instance:
        old = _ended_before(instance, before)
        kept = _last_to_materialise(instance) if old else set()
        files = {run_id: list(_files(instance, home, run_id)) for run_id in old}
        # An entry that stays has nothing more to lose once its files are gone.
        losing = [run_id for run_id in old if run_id not in kept or files[run_id]]
        size_bytes = sum(_size(path) for run_id in losing for path in files[run_id])
        for run_id in () if dry_run else losing:
            if run_id not in kept:
                instance.delete_run(run_id)
            for path in _files(instance, home, run_id):
                _remove(path)
    if losing:
        yield Expired("Dagster", len(losing), "runs", size_bytes, before)


def expire_files(settings: Settings, today: date, *, dry_run: bool) -> Iterator[Expired]:
    """Put what the log files hold aside under today's date, and delete what was put aside long ago.

    Each file keeps its name and its writers: its content is copied, then it is emptied. What is written between the two
    is lost, at most some lines.
    """
    before = cutoffs.logs_stay_from(today, settings)
    folders = (settings.paidmedia_home / "logs", settings.paidmedia_home / "dbt", settings.paidmedia_home / "docs")
    logs = [path for folder in folders for path in sorted(folder.rglob("*.log*")) if path.is_file()]
    logs += sorted(Cluster.of(settings.paidmedia_home).folder.glob("server.log*"))
    old = [path for path in logs if _written_on(path) < before]
    size_bytes = sum(_size(path) for path in old)
    if not dry_run:
        for path in logs:
            if path in old:
                path.unlink()
            elif path.suffix == ".log" and path.stat().st_size:
                _put_aside(path, today)
    if old:
        yield Expired("log files", len(old), "files", size_bytes, before)


def _ended_before(instance: "DagsterInstance", day: date) -> list[str]:
    """The runs that ended before a day, oldest first."""
    from dagster import RunsFilter
    from dagster._core.storage.dagster_run import FINISHED_STATUSES

    midnight = datetime.combine(day, time(), UTC)
    wanted = RunsFilter(statuses=FINISHED_STATUSES, updated_before=midnight)
    found: list[str] = []
    cursor: str | None = None
    while page := instance.get_run_records(wanted, limit=PAGE, cursor=cursor):
        cursor = page[-1].dagster_run.run_id
        found += [each.dagster_run.run_id for each in page if _end(each) < midnight.timestamp()]
    return found[::-1]


def _end(record: Any) -> float:
    return float(record.end_time or record.update_timestamp.timestamp())


def _last_to_materialise(instance: "DagsterInstance") -> set[str]:
    """The runs on whose events it rests that an asset or a partition of it is materialised."""
    from dagster import DagsterEventType, EventRecordsFilter

    runs: set[str] = set()
    for key in instance.all_asset_keys():
        last = instance.get_latest_materialization_event(key)
        if last is not None:
            runs.add(last.run_id)
        kind = DagsterEventType.ASSET_MATERIALIZATION
        ids = list(instance.event_log_storage.get_latest_storage_id_by_partition(key, kind).values())
        for first in range(0, len(ids), PAGE):
            wanted = EventRecordsFilter(kind, asset_key=key, storage_ids=ids[first : first + PAGE])
            runs.update(record.run_id for record in instance.event_log_storage.get_event_records(wanted))
    return runs


def _files(instance: "DagsterInstance", home: Path, run_id: str) -> Iterator[Path]:
    """What lies on disk of a run alone: its events where each run has a file of them, its output, its worker's lock."""
    from dagster._core.storage.event_log import SqliteEventLogStorage
    from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager

    found: list[Path] = []
    storage, output = instance.event_log_storage, instance.compute_log_manager
    if isinstance(storage, SqliteEventLogStorage):
        shard = Path(storage.path_for_shard(run_id))
        found += [shard, *(shard.with_name(shard.name + ending) for ending in ("-wal", "-shm"))]
    if isinstance(output, LocalComputeLogManager):
        found.append(Path(output.get_captured_local_path([run_id, "compute_logs", "any"], "out")).parent.parent)
    worker = worker_of(home, run_id)
    if worker is None or not worker.is_alive:
        found.append(home / "workers" / f"{run_id}.lock")
    yield from (path for path in found if path.exists())


def _written_on(path: Path) -> date:
    """The day to which a log that was put aside belongs, else the day of its last line."""
    aside = ROTATED.search(path.name)
    return date.fromisoformat(aside[1]) if aside else datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def _put_aside(path: Path, today: date) -> None:
    """Move what a log holds behind what was put aside today, and leave the log empty."""
    with path.open("r+b") as log, path.with_name(f"{path.name}.{today}").open("ab") as aside:
        shutil.copyfileobj(log, aside)
        log.truncate(0)


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
