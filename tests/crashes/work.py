"""What the victims do: whole loads and builds, each by the function that a run calls."""

from datetime import date
from pathlib import Path

from tests import warm_dbt
from tests.sources import facebook, surfside, vibe
from warehouse.errors import PaidMediaError
from warehouse.postgres import embedded
from warehouse.settings import Settings, get_settings


def _settings() -> Settings:
    """Of the test's environment alone."""
    Settings.model_config["env_file"] = None
    return get_settings()


def load_surfside(client_id: str, day: date) -> bool:
    """The file of a day."""
    return surfside.load(_settings(), client_id, day, day).ok


def load_vibe(client_id: str, first: date, last: date) -> bool:
    """The report of some days."""
    return vibe.load(_settings(), client_id, first, last).ok


def load_facebook(upload_id: str) -> bool:
    """One upload."""
    return facebook.load(_settings(), upload_id).ok


def build(dbt: str | None = None) -> str:
    """Judge and model, as `paidmedia build` does, with `dbt` in place of the installed one.

    Returns its error, empty when it went well.
    """
    from orchestration.lib import ingestion

    _settings()
    if dbt is not None:
        warm_dbt.start_from(dbt)
    try:
        ingestion.build()
    except PaidMediaError as error:
        return str(error)
    return ""


def start_server(home: Path) -> str:
    """The embedded server of a home."""
    return embedded.start(home)
