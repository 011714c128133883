"""The dbt project as Dagster sees it: its folder and a manifest that is never older than the models."""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.errors import PaidMediaError
from warehouse.settings import PROJECT_ROOT

DBT_FOLDER = PROJECT_ROOT / "dbt_project"
MANIFEST = DBT_FOLDER / "target" / "manifest.json"
SOURCE_SUFFIXES = (".sql", ".yml", ".yaml", ".md", ".csv")


def manifest() -> Path:
    """The path of a manifest that knows every model; runs `dbt parse` (about 5 s, no database) when a file is newer."""
    if _is_current():  # nothing is written then: an image carries its manifest on a disk that is read only
        return MANIFEST
    MANIFEST.parent.mkdir(exist_ok=True)
    with (MANIFEST.parent / "parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current():
            _parse()
    return MANIFEST


def dbt_executable() -> str:
    """The `dbt` of this environment, whatever the PATH says."""
    beside = Path(sys.executable).with_name("dbt")
    return str(beside) if beside.exists() else "dbt"


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the dbt process that is started inside, and put the old ones back."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _is_current() -> bool:
    return MANIFEST.exists() and MANIFEST.stat().st_mtime >= max(
        path.stat().st_mtime
        for path in DBT_FOLDER.rglob("*")
        if path.suffix in SOURCE_SUFFIXES and not {"target", "logs"} & set(path.relative_to(DBT_FOLDER).parts)
    )


def _parse() -> None:
    """Parse in a folder of its own and move what came of it: a killed parse leaves no torn manifest."""
    with tempfile.TemporaryDirectory(dir=MANIFEST.parent, prefix="parse-") as folder:
        command = [dbt_executable(), "--quiet", "parse", "--project-dir", str(DBT_FOLDER)]
        command += ["--profiles-dir", str(DBT_FOLDER)]
        env = os.environ | {"DBT_TARGET_PATH": folder, "DBT_LOG_PATH": folder}
        done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=DBT_FOLDER, check=False)
        if done.returncode != 0:
            lines = (done.stdout + done.stderr).strip().splitlines()
            reason = lines[-1] if lines else "no output"
            raise PaidMediaError(f"dbt parse failed: {reason}", where=str(DBT_FOLDER), fix="run `dbt parse` there")
        for name in ("partial_parse.msgpack", MANIFEST.name):  # the first saves the next build of a new home its parse
            (Path(folder) / name).replace(MANIFEST.parent / name)
