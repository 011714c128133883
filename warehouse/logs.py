"""The structured log: one JSON object a line, in `PAIDMEDIA_HOME/logs/paidmedia-<day>.log`, of every process.

    {"event": "delivery", "run_id": …, "load_id": …, "delivery_id": …, …}

`run_id` is Dagster's, and stands in `control.ingestion_runs` and on every delivery; `load_id` is
the attempt of the former.
Secrets of the settings are taken out of every line. What people read on a terminal is not written here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse.secrets.redaction import HIDDEN, redacted, secrets_of
from warehouse.settings import Settings

SECRET_WORDS = ("password", "secret", "api_key", "token")


class DailyFile:
    """Appends lines to the day's file; a line is one write, so that processes do not tear each other's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def msg(self, line: str) -> None:
        """Write one line. A log that cannot be written stops nobody's work."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / f"paidmedia-{datetime.now(UTC):%Y-%m-%d}.log").open("ab", buffering=0) as file:
                file.write(f"{line}\n".encode())
        except OSError:
            return

    debug = info = warning = error = critical = exception = msg


def logger(settings: Settings) -> Any:
    """A structlog logger: `logger(settings).info("delivery", rows=12)`."""
    import structlog

    secrets = secrets_of(settings)

    def without_secrets(_logger: object, _method: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: _hidden(name, value, secrets) for name, value in entry.items()}

    return structlog.wrap_logger(
        DailyFile(settings.paidmedia_home / "logs"),
        wrapper_class=structlog.BoundLogger,
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )


@contextmanager
def about(**names: str) -> Iterator[None]:
    """Every line written inside says whose it is: `run_id`, `load_id`, `delivery_id`."""
    import structlog

    with structlog.contextvars.bound_contextvars(**names):
        yield


def _hidden(name: str, value: Any, secrets: list[str]) -> Any:
    if any(word in name.lower() for word in SECRET_WORDS):
        return HIDDEN
    if isinstance(value, str):
        return redacted(value, secrets)
    if isinstance(value, Mapping):
        return {str(key): _hidden(str(key), each, secrets) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", each, secrets) for each in value]
    return value
