"""Dagster's instance: its folder lies in `PAIDMEDIA_HOME`, its settings are the project's `dagster.yaml`."""

import os
from pathlib import Path

from warehouse.settings import PROJECT_ROOT, Settings


def prepare_dagster_home(settings: Settings) -> Path:
    """Make the instance's folder and put `dagster.yaml` there; one named by `DAGSTER_HOME` is left as it is."""
    if os.environ.get("DAGSTER_HOME"):
        return Path(os.environ["DAGSTER_HOME"])
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    wanted = (PROJECT_ROOT / "dagster.yaml").read_text()
    target = home / "dagster.yaml"
    if not target.exists() or target.read_text() != wanted:
        target.write_text(wanted)
    return home
