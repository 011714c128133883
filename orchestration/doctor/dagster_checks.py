"""Dagster: its daemon alive, its schedules and sensors on, the models parsed."""

import os
from collections.abc import Iterator

from orchestration.doctor.demo import is_demo
from orchestration.doctor.lines import Line, bad, ok, warning
from warehouse.settings import Settings

START = "start it: make serve, or the service dagster-daemon"


def models(_settings: Settings) -> Iterator[Line]:
    """Whether there is a manifest of the models."""
    from orchestration.lib.dbt_files import MANIFEST

    if MANIFEST.exists():
        yield ok("models", "dbt's manifest is there")
    else:
        yield warning("models", f"{MANIFEST} is not there yet", "the next paidmedia build makes it")


def daemons(settings: Settings) -> Iterator[Line]:
    """Whether every daemon has been heard of lately; the demo of `make run` may stand still."""
    home = _home(settings)
    if home is None:
        yield warning("dagster", "Dagster has never run here", START)
        return
    import dagster as dg

    with dg.DagsterInstance.from_config(home) as instance:
        statuses = instance.get_daemon_statuses()
        if not any(status.healthy for status in statuses.values()) and is_demo(settings):
            yield warning("dagster", "Dagster does not run now, so nothing of this demo happens by itself", START)
            return
        for name, status in sorted(statuses.items()):
            errors = status.last_heartbeat.errors if status.last_heartbeat else None
            if not status.healthy:
                yield bad(
                    "dagster", f"the {name} daemon is silent: nothing runs by itself and nobody is alerted", START
                )
            elif errors:
                yield warning("dagster", f"the {name} daemon reports {errors[0].message.strip()}", "see its log")
            else:
                yield ok("dagster", f"the {name} daemon is alive")


def schedules(settings: Settings) -> Iterator[Line]:
    """Whether somebody has switched a schedule or sensor off; all of ours are on by default."""
    home = _home(settings)
    if home is None:
        return
    import dagster as dg

    stopped = []
    with dg.DagsterInstance.from_config(home) as instance:
        states = list(instance.all_instigator_state())
        stopped = [each.origin.instigator_name for each in states if each.status.value == "STOPPED"]
    for name in sorted(stopped):
        yield bad("schedules", f"{name} is switched off", "switch it on in Dagster, under Automation")
    if not stopped:
        yield ok("schedules", "no schedule or sensor is switched off")


def _home(settings: Settings) -> str | None:
    """Dagster's folder, if it was ever used."""
    home = os.environ.get("DAGSTER_HOME") or str(settings.dagster_home)
    return home if os.path.exists(os.path.join(home, "dagster.yaml")) else None  # noqa: PTH110, PTH118 – text as Dagster takes it
