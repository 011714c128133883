"""What runs at the same time in the side-by-side tests: each in a process of its own, from its own moment on.

A server process imports what they need once and forks for each: real processes, without ten seconds of imports each.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

PRELOADED = [
    *("dagster_dbt", "orchestration.definitions", "orchestration.cli", "great_expectations", "expectations.runner"),
    *("boto3", "dlt", "loaders.transports.object_store.loading", "loaders.transports.report_api.loading"),
    "loaders.transports.upload.loading",
]
LONGEST = 240  # seconds of one process; a build takes about ten on a machine that is free


def paidmedia(*words: str) -> None:
    """Type a command."""
    from orchestration import cli

    sys.argv = ["paidmedia", *words]
    cli.main()


def build(dbt: str) -> None:
    """Type `paidmedia build`, with `dbt` in place of the installed one."""
    from tests import warm_dbt

    warm_dbt.start_from(dbt)
    paidmedia("build")


def load_day(source: str, client_id: str, day: date) -> None:
    """Load one day of a source and let it through."""
    from loaders.transports import day_loader
    from warehouse.settings import get_settings

    result = day_loader(source).load(get_settings(), client_id, day, day, on_progress=print)
    assert result.ok, result.errors
    let_through(source, client_id)


def upload(export: Path, client_id: str) -> None:
    """Upload an export and let it through."""
    from tests.sources import facebook
    from warehouse.settings import get_settings

    settings = get_settings()
    result = facebook.load(
        settings, facebook.receive(settings, export, export.name, client_id, "ann"), on_progress=print
    )
    assert result.ok, result.errors
    let_through("facebook", client_id)


def let_through(source: str, client_id: str) -> None:
    """Pass what waits for a verdict: what the expectations say is another test."""
    from warehouse.deliveries import verdicts
    from warehouse.postgres import database

    with database.session() as current:
        waiting = [verdicts.Judgement(*each) for each in verdicts.pending(current, source) if each[1] == client_id]
        verdicts.record(current, source, waiting)


@dataclass(frozen=True)
class Started:
    """A process on its way."""

    what: str
    process: BaseProcess
    output: Path

    def end(self) -> str:
        """What it said, once it has ended well."""
        self.process.join(LONGEST)
        said = self.output.read_text()
        assert self.process.exitcode == 0, f"{self.what} ended with {self.process.exitcode}:\n{said}"
        return said

    def has_said(self, part: str) -> bool:
        return self.output.exists() and part in self.output.read_text()


@dataclass
class Processes:
    """Starts processes, whose output lies in `folder`."""

    folder: Path
    started: list[Started]

    def start(self, work: Callable[..., None], *arguments: object, after: float = 0.0) -> Started:
        """Begin some work of this module that many seconds from now."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        output = self.folder / f"{len(self.started)}.txt"
        process = context.Process(target=_run, args=(work, arguments, dict(os.environ), str(output), after))
        process.start()
        self.started.append(Started(f"{work.__name__}{arguments}", process, output))
        return self.started[-1]


@contextmanager
def processes(folder: Path) -> Iterator[Processes]:
    """Processes that have all ended when the block does."""
    folder.mkdir(parents=True)
    begun = Processes(folder, [])
    try:
        yield begun
    finally:
        for each in begun.started:
            if each.process.is_alive():
                each.process.kill()
                each.process.join()


def _run(
    work: Callable[..., None], arguments: tuple[object, ...], environment: Mapping[str, str], output: str, after: float
) -> None:
    """The child: some work with this environment, its words in a file."""
    time.sleep(after)
    os.environ.clear()
    os.environ.update(environment)
    with Path(output).open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    from warehouse.settings import Settings

    Settings.model_config["env_file"] = None  # no `.env` of a developer's, as in the tests themselves
    work(*arguments)
