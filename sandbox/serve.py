"""`python -m sandbox serve`: the stand-ins for S3 and Vibe, running until Ctrl-C, for a shell beside them.

Prints the environment variables that point the product at them and the commands that set up the plan's clients.
"""

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from threading import Event

from sandbox import world
from sandbox.plan import Client, MediaPlan


def serve(seed: int, clients: int, days: int, last_day: date | None, exports: Path | None) -> None:
    """Serve a plan until the process is interrupted; `exports` is a folder for its Facebook files."""
    plan = MediaPlan.generate(seed=seed, clients=clients, days=days, last_day=last_day)
    stopped = Event()
    for interrupt in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interrupt, lambda *_: stopped.set())
    with world.running(plan) as environment:
        for line in _instructions(plan, environment, exports):
            _say(line)
        _say("# Serving until Ctrl-C.")
        stopped.wait()


def set_up_commands(client: Client) -> list[list[str]]:
    """The `paidmedia` commands that add a client of a plan with its rates and credentials."""
    first, *later = client.rates
    add = ["paidmedia", "client", "add", client.client_id, "--name", client.name, "--cpm", str(first.cpm)]
    add += ["--currency", client.currency, "--from", first.effective_date.isoformat()]
    add += ["--surfside-prefix", client.surfside_prefix, "--set", f"surfside.campaign={client.surfside_campaign}"]
    rates = [
        ["paidmedia", "cpm", "set", client.client_id, str(rate.cpm), "--from", rate.effective_date.isoformat()]
        for rate in later
    ]
    key = ["paidmedia", "vibe-credentials", "set", client.client_id]
    key += ["--advertiser-id", client.advertiser_id, "--api-key", client.api_key]
    return [add, *rates, key]


def _instructions(plan: MediaPlan, environment: Mapping[str, str], exports: Path | None) -> Iterator[str]:
    yield f"# {len(plan.clients)} clients, {plan.first_day} to {plan.last_day}. In another shell:"
    for name, value in environment.items():
        if os.environ.get(name) != value:
            yield f"export {name}={shlex.quote(value)}"
    for client in plan.clients:
        yield from map(shlex.join, set_up_commands(client))
    window = ["--from", plan.first_day.isoformat(), "--to", plan.last_day.isoformat()]
    for source in ("surfside", "vibe"):
        yield shlex.join(["paidmedia", "load", source, *window])
    for client in plan.clients if exports else ():
        assert exports is not None
        for path in world.write_exports(plan, client, exports):
            yield shlex.join(["paidmedia", "upload", str(path), "--client", client.client_id])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
