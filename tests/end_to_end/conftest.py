"""One finished `make run` for all tests of this folder: a short plan in a home of its own, of which all have copies."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.conftest import SHARED, server_home
from tests.end_to_end import chromium
from warehouse.settings import PROJECT_ROOT

COPIES = "end_to_end_copies"  # the group of what adds to a copy of the run; what only looks at one is "end_to_end"
DAYS = 32  # reaches over the middle of a month, where the rates change, and over a turn of month


AWAY = "Pacific/Auckland"  # where the run and its server believe to be: half a day from UTC, whose days the marts have


@dataclass(frozen=True)
class FinishedRun:
    """What a run printed and where it left its things."""

    home: Path
    output: str
    returncode: int
    seconds: float

    @property
    def environment(self) -> dict[str, str]:
        """An environment in which every command works on this run."""
        programs = str(Path(sys.executable).parent)
        return os.environ | {"PAIDMEDIA_HOME": str(self.home), "PATH": f"{programs}:{os.environ['PATH']}"}

    @property
    def database_url(self) -> str:
        """The URL of the run's server, started if need be."""
        return self.command("paidmedia", "db", "url").stdout.strip()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command on this run's home."""
        return subprocess.run(
            words, env=self.environment, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=300, check=False
        )


def run(home: Path) -> FinishedRun:
    """What `make run` does, with fewer days."""
    started = time.monotonic()
    environment = os.environ | {"PAIDMEDIA_HOME": str(home), "TZ": AWAY}
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.run", str(DAYS)],
        env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=1_500, check=False,
    )  # fmt: skip
    return FinishedRun(home, done.stdout + done.stderr, done.returncode, time.monotonic() - started)


def first_run() -> FinishedRun:
    """The run itself, made by whichever test process asks first, with its server stopped; the others wait for it.

    It stays where it was made until the end, because a landing zone is known by its address.
    """
    folder = Path(os.environ[SHARED])
    with (folder / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = folder / "run.json"
        if not told.exists():
            folder.chmod(0o711)  # the server is another user, where this is root
            finished = run(folder / "run")
            finished.command("paidmedia", "db", "stop")
            told.write_text(json.dumps([finished.output, finished.returncode, finished.seconds]))
        return FinishedRun(folder / "run", *json.loads(told.read_text()))


@contextmanager
def copy() -> Iterator[FinishedRun]:
    """The run in a home of one's own; its server is stopped at the end."""
    first = first_run()
    with server_home() as home:
        subprocess.run(["cp", "-a", f"{first.home}/.", str(home)], check=True)
        yield replace(first, home=home)


@pytest.fixture(scope="session")
def finished_run() -> Iterator[FinishedRun]:
    """The run, for tests that look at it."""
    with copy() as finished:
        yield finished


@pytest.fixture(scope="session")
def copied_run() -> Iterator[FinishedRun]:
    """The run, for tests that add to it."""
    with copy() as finished:
        yield finished


@pytest.fixture
def page() -> Iterator[Page]:
    """An empty page of a browser that knows nobody."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
        yield browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
        browser.close()
