"""Which process works on a run: each holds a lock on a file of the run's own for as long as it lives.

The kernel frees the lock when the process ends, however it ends, and no number of a process has to be believed: it may
belong to another one since, or to another container that shares `DAGSTER_HOME`.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True)
class Worker:
    """The process that took a run on, and whether it is still there."""

    pid: int
    is_alive: bool


def take(dagster_home: Path, run_id: str) -> TextIO:
    """Be the worker of a run until the handle that is returned is closed, or this process ends."""
    path = _file(dagster_home, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("w")
    fcntl.flock(handle, fcntl.LOCK_EX)
    handle.write(str(os.getpid()))  # after the lock: a file that says who works is never one that nobody has locked yet
    handle.flush()
    return handle


@contextmanager
def working(dagster_home: Path, run_id: str) -> Iterator[None]:
    """Be the worker of a run inside."""
    with take(dagster_home, run_id):
        yield


def worker_of(dagster_home: Path, run_id: str) -> Worker | None:
    """Who took a run on; None where nobody has yet."""
    try:
        handle = _file(dagster_home, run_id).open()
    except FileNotFoundError:
        return None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            is_alive = False
        except BlockingIOError:
            is_alive = True
        pid = handle.read()
    return Worker(int(pid), is_alive) if pid else None


def _file(dagster_home: Path, run_id: str) -> Path:
    return dagster_home / "workers" / f"{run_id}.lock"
