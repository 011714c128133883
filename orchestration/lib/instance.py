"""Dagster's instance: its folder lies in `PAIDMEDIA_HOME`, its settings are the project's `dagster.yaml`.

With `DAGSTER_DATABASE_URL` they are `deploy/dagster.yaml`: the same, but kept in Postgres.
"""

import fcntl
import os
from pathlib import Path

from warehouse.settings import PROJECT_ROOT, Settings


def prepare_dagster_home(settings: Settings) -> Path:
    """Make the instance's folder and put `dagster.yaml` there; one named by `DAGSTER_HOME` is left as it is."""
    if os.environ.get("DAGSTER_HOME"):
        return Path(os.environ["DAGSTER_HOME"])
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    wanted = instance_file(settings).read_text()
    target = home / "dagster.yaml"
    if not target.exists() or target.read_text() != wanted:
        whole = home / f"dagster.yaml.{os.getpid()}"
        whole.write_text(wanted)
        whole.replace(target)  # another process reads the old one or this one, never half of it
    _create_storage_once(home)
    return home


def instance_file(settings: Settings) -> Path:
    """What the instance is set up with."""
    folder = PROJECT_ROOT / "deploy" if settings.dagster_database_url else PROJECT_ROOT
    return folder / "dagster.yaml"


def _create_storage_once(home: Path) -> None:
    """Dagster creates its SQLite files when they are first opened; two processes at once would break them for good."""
    created = home / "storage.created"
    if created.exists():
        return
    with (home / "storage.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not created.exists():
            from dagster import DagsterInstance

            with DagsterInstance.from_config(str(home)) as instance:
                instance.get_runs_count()
            created.touch()
