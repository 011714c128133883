"""Run a command with the stand-ins beside it, where this home was filled by `make run`; elsewhere just run it.

`make serve` uses it, so that an engineer can materialise the made-up sources again in the Dagster UI.
"""

import os
import signal
import subprocess
from collections.abc import Sequence

from sandbox import world
from warehouse.settings import get_settings


def run(command: Sequence[str]) -> int:
    """The command's exit code."""
    settings = get_settings()
    is_sandbox = (
        settings.database_url is None and settings.s3_bucket_name is None and world.plan_file(settings).exists()
    )
    if not is_sandbox:
        return _run(command, dict(os.environ))
    with world.running(world.remembered_plan(settings)) as environment:
        return _run(command, environment)


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    process = subprocess.Popen(command, env=environment)
    # The terminal tells Ctrl-C to both: the command ends in its own time. A polite kill is passed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()
