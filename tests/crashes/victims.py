"""Processes that are made to be killed.

Each is forked from a warm server that has imported what the work needs and done nothing else: a case costs the work,
not the imports, and inherits neither threads nor connections. Each leads a process group, as a command does.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

PATIENCE = 400.0  # seconds after which work counts as hung; a build on a busy machine takes two minutes

_server = multiprocessing.get_context("forkserver")
# What the work imports once it runs would otherwise take longer than the work; dlt looks at every plug-in there is.
_LATER = ["boto3", "pandas", "psutil", "psycopg2.extras", "pyarrow.dataset", "pyarrow.parquet", "requests", "streamlit"]
_OF_DLT = ["dlt.common.libs.pyarrow", "dlt.destinations.impl.postgres.postgres", "dlt.sources.helpers.requests"]
_OF_DAGSTER = ["dagster_dbt", "orchestration.definitions", "orchestration.lib.ingestion"]
_server.set_forkserver_preload(["__main__", "tests.crashes.work", *_LATER, *_OF_DLT, *_OF_DAGSTER])

Work = Callable[..., Any]
Found = TypeVar("Found")


@dataclass
class Victim:
    """Work in a process of its own, from its first line on."""

    process: BaseProcess
    answers: Connection
    started: float

    @classmethod
    def start(cls, work: Work, *arguments: Any) -> "Victim":
        """Begin; returns when the work itself is about to begin. `work` is a function of a module."""
        answers, theirs = _server.Pipe(duplex=False)
        process = _server.Process(target=_obey, args=(dict(os.environ), theirs, work, arguments), daemon=False)
        process.start()
        theirs.close()
        assert answers.recv() == "ready"
        return cls(process, answers, time.monotonic())

    def kill_after(self, seconds: float) -> None:
        """Let it work for so long, then SIGKILL its group. Returns when it is gone."""
        self.answers.poll(max(self.started + seconds - time.monotonic(), 0.0))
        self.kill()

    def wait_until(self, is_seen: Callable[[], object], every: float = 0.001) -> None:
        """Return as soon as something can be seen, looking every so many seconds, or when it is through."""
        while not is_seen() and not self.answers.poll(every):
            assert time.monotonic() - self.started < PATIENCE, "hung"

    def kill(self, *, whole_group: bool = True) -> None:
        """SIGKILL of its group, or of its process alone. Returns when it is gone."""
        assert self.process.pid is not None
        with suppress(ProcessLookupError):  # it was through
            (os.killpg if whole_group else os.kill)(self.process.pid, signal.SIGKILL)
        self.process.join(PATIENCE)

    def finish(self) -> Any:
        """What the work returned, once it is through. Raises what it raised."""
        assert self.answers.poll(PATIENCE), "hung"
        try:
            answer = self.answers.recv()
        except EOFError:
            answer = RuntimeError("the process ended without an answer")
        self.process.join(PATIENCE)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def wait_for(look: Callable[[], Found], seconds: float, every: float = 0.1) -> Found:
    """What `look` returns, once it returns something; it looks every so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "in vain"
        time.sleep(every)
    return found


def in_a_process(work: Work, *arguments: Any) -> Any:
    """Work that nobody kills: what it returns."""
    return Victim.start(work, *arguments).finish()


def seconds_of(work: Work, *arguments: Any) -> float:
    """How long the work takes when nobody kills it."""
    victim = Victim.start(work, *arguments)
    victim.finish()
    return time.monotonic() - victim.started


def _obey(environment: Mapping[str, str], answers: Connection, work: Work, arguments: tuple[Any, ...]) -> None:
    os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(environment)
    answers.send("ready")
    try:
        answer = work(*arguments)
    except Exception as error:  # any failure is an answer: the test that waits for it judges it
        answer = RuntimeError(f"{type(error).__name__}: {error}")
    answers.send(answer)
