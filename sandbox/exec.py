"""Run a command with the stand-ins beside it, where this home was filled by `make run`; elsewhere just run it.

`make serve` uses it, so that an engineer can materialise the made-up sources again in the Dagster UI. `SANDBOX_PEOPLE`
tells the command which file has the people who may log in, and their passwords.
"""

import os
import signal
import subprocess
from collections.abc import Sequence

from sandbox import people, world
from warehouse import interrupts
from warehouse.cli.console import console
from warehouse.settings import get_settings


def run(command: Sequence[str]) -> int:
    """The command's exit code; 128 and the signal where one ended it, as a shell tells it."""
    settings = get_settings()
    is_sandbox = (
        settings.database_url is None and settings.s3_bucket_name is None and world.plan_file(settings).exists()
    )
    if not is_sandbox:
        return _run(command, dict(os.environ))
    interrupts.heed()
    console(stderr=True).print("Starting the stand-ins for S3 and the Vibe API …")
    with world.running(world.remembered_plan(settings)) as environment:
        return _run(command, environment | {"SANDBOX_PEOPLE": str(people.file_of(settings))})


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    # The terminal tells Ctrl-C to both: the command ends in its own time. SIG_IGN would be inherited by it.
    wishes: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: wishes.append(number))
    interrupts.raise_if_wished()
    process = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())  # a polite kill is passed on
    if wishes:  # it may not have been there yet
        process.send_signal(signal.SIGINT)
    code = process.wait()
    return code if code >= 0 else 128 - code
