"""Processes under the clock: wall time, processor time and peak memory of each, as the operating system counts them.

A process is started, waited for with wait4 (whose processor time is that of the whole finished process), and watched
meanwhile, as is what it starts: dbt, and the server's processes. Whatever ends the benchmark ends them too.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread
from weakref import WeakSet

import psutil

from warehouse.errors import PaidMediaError
from warehouse.settings import PROJECT_ROOT

SAMPLE_SECONDS = 0.2
END_SECONDS = 10
MEGABYTE = 2**20
Words = Sequence[str]


@dataclass(frozen=True)
class Finished:
    """A process that ended well. Times are Unix seconds, `cpu` is seconds, memory is MB.

    `peak_mb` is that of the process itself; `peaks` are those seen of what it started and of Postgres, by name.
    """

    label: str
    started: float
    ready: float
    ended: float
    cpu: float
    peak_mb: float
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def wall(self) -> float:
        """Seconds from start to end."""
        return self.ended - self.started

    @property
    def work(self) -> float:
        """Seconds after its imports."""
        return self.ended - self.ready


class Watch:
    """Samples the memory of processes while a block runs. Postgres counts what its processes do not share.

    `highest` is the peak of each process that was started here, by its number, where the system tells it (Linux).
    """

    def __init__(self, postmaster: int | None) -> None:
        self.peaks: dict[str, float] = {}
        self.highest: dict[int, float] = {}
        self._postmaster, self._done = postmaster, Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            self._sample()

    def _sample(self) -> None:
        for process in psutil.Process().children():
            if peak := _high_water(process.pid):
                self.highest[process.pid] = peak
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                words = process.cmdline()
                if any(Path(word).name == "dbt" for word in words[:2]):
                    self._seen("dbt", process.memory_info().rss)
        if self._postmaster is not None:
            with suppress(psutil.Error):
                server = psutil.Process(self._postmaster)
                used = 0
                for process in [server, *server.children()]:
                    with suppress(psutil.Error):
                        memory = process.memory_info()
                        used += memory.rss - getattr(memory, "shared", 0)
                self._seen("Postgres, beside its shared buffers", used)

    def _seen(self, name: str, size: int) -> None:
        self.peaks[name] = max(self.peaks.get(name, 0.0), size / MEGABYTE)


def _high_water(number: int) -> float | None:
    """The most that a process has had since it began its program, in MB. What wait4 tells counts the process that it
    was forked from, which is the benchmark with a day's bytes."""
    with suppress(OSError):
        for line in Path(f"/proc/{number}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


def paidmedia(label: str, *commands: Words, postmaster: int | None = None) -> Finished:
    """Run `paidmedia` commands one after another in one process. Raises `PaidMediaError` with what it said."""
    return side_by_side({label: commands}, postmaster=postmaster)[0]


def side_by_side(commands: Mapping[str, Sequence[Words]], *, postmaster: int | None = None) -> list[Finished]:
    """Run several processes of `paidmedia` commands at once; returns when all have ended."""
    return _run({label: partial(_program, words) for label, words in commands.items()}, postmaster)


def _program(commands: Sequence[Words], marks: str) -> list[str]:
    return ["benchmarks.program", marks, json.dumps([list(words) for words in commands])]


def module(label: str, *words: str, postmaster: int | None = None) -> Finished:
    """Run a module of this room, which writes its ready mark to the file named by its first argument."""
    name, *arguments = words
    return _run({label: lambda marks: [name, marks, *arguments]}, postmaster)[0]


def _run(programs: Mapping[str, Callable[[str], list[str]]], postmaster: int | None) -> list[Finished]:
    with tempfile.TemporaryDirectory(prefix="paidmedia-bench-") as folder, Watch(postmaster) as watch:
        running: list[_Running] = []
        with ended_with_us(running):
            for label, words in programs.items():
                running.append(_Running(label, words, Path(folder)))
            for each in running:
                each.ended.wait()
        return [each.finished(watch) for each in running]


class _Running(Thread):
    """A process and the wait for its end: wait4 tells its processor seconds and its peak memory."""

    def __init__(self, label: str, words: Callable[[str], list[str]], folder: Path) -> None:
        super().__init__(name=f"waits for {label}", daemon=True)
        base = folder / label.replace("/", "_")
        self._label, self._marks, self._said = label, base.with_suffix(".ready"), base.with_suffix(".log")
        self._began_at, self._ended_at = time.time(), 0.0
        self.ended = Event()  # a join that is interrupted takes a thread for ended
        with self._said.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words(str(self._marks))],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=PROJECT_ROOT,
                start_new_session=True,
            )  # fmt: skip
        _every.add(self)
        self.start()

    def run(self) -> None:
        """Wait."""
        _, status, self._usage = os.wait4(self.process.pid, 0)
        self._ended_at = time.time()
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.ended.set()

    def finished(self, watch: Watch) -> Finished:
        """The figures. Raises `PaidMediaError` with what the process said, if it failed."""
        if self.process.returncode != 0:
            said = self._said.read_text(errors="replace").strip().splitlines()
            where = next((line for line in reversed(said) if line.startswith("Error:")), " ".join(said[-3:]))
            raise PaidMediaError(f"{self._label} ended with exit code {self.process.returncode}", where=where)
        unit = 1 if sys.platform == "darwin" else 1024
        return Finished(
            label=self._label,
            started=self._began_at,
            ready=float(self._marks.read_text()),
            ended=self._ended_at,
            cpu=self._usage.ru_utime + self._usage.ru_stime,
            peak_mb=watch.highest.get(self.process.pid) or self._usage.ru_maxrss * unit / MEGABYTE,
            peaks=watch.peaks,
        )


_every: "WeakSet[_Running]" = WeakSet()


@contextmanager
def ended_with_us(running: "Collection[_Running]" = _every) -> Iterator[None]:
    """End what still runs, with all that it started, however the block ends; unless named, every measured process."""
    try:
        yield
    finally:
        for each in [each for each in running if not each.ended.is_set()]:
            _end(each.process.pid)
            each.ended.wait()


def _end(group: int) -> None:
    """Ask the processes of a group to end; whoever has not after some seconds, or has left the group, is killed."""
    started: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        started = psutil.Process(group).children(recursive=True)
    _tell(group, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    while psutil.pid_exists(group) and time.monotonic() < deadline:
        time.sleep(SAMPLE_SECONDS)
    _tell(group, signal.SIGKILL)
    for each in started:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def _tell(group: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, what)
