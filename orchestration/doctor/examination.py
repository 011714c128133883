"""Which checks there are, and running them all whatever becomes of one."""

from collections.abc import Callable, Iterator
from functools import partial

from orchestration.doctor import (
    dagster_checks,
    database_checks,
    file_checks,
    limit_checks,
    source_checks,
    work_checks,
)
from orchestration.doctor.lines import Line, bad, ok
from warehouse.control.migrate import HEAD, current_revision
from warehouse.errors import PaidMediaError
from warehouse.secrets.redaction import redacted, secrets_of
from warehouse.settings import Settings, get_settings

Check = Callable[[Settings], Iterator[Line]]
# The part, its check, and whether that needs the newest schema.
CHECKS: tuple[tuple[str, Check, bool], ...] = (
    ("database", database_checks.database, False),
    ("isolation", database_checks.isolation, True),
    (limit_checks.PART, limit_checks.bi_login_limits, True),
    ("disk", file_checks.disk, False),
    ("landing zone", file_checks.landing_zone, True),
    ("backups", file_checks.backups, False),
    *(
        (name, partial(source_checks.check, source=source), needs_schema)
        for name, (source, needs_schema) in source_checks.sources().items()
    ),
    ("models", dagster_checks.models, False),
    ("dagster", dagster_checks.daemons, False),
    ("schedules", dagster_checks.schedules, False),
    ("alerts", work_checks.channels_are_set, False),
    ("alerts", work_checks.outbox_empties, True),
    ("heartbeat", work_checks.heartbeat_is_set, False),
    ("work", work_checks.work, True),
)


def examine() -> list[Line]:
    """Every line, in the order of `CHECKS`; without usable settings only that one."""
    try:
        settings = get_settings()
    except PaidMediaError as error:
        return [bad("settings", str(error), "mend it in .env")]
    lines = [ok("settings", f"home {settings.paidmedia_home}, {_which_database(settings)}")]
    for part, check, needs_schema in CHECKS:
        if not needs_schema or _has_schema(settings):
            lines += _checked(part, check, settings)
    return lines


def _checked(part: str, check: Check, settings: Settings) -> list[Line]:
    """What a check says; if it breaks, that."""
    secrets = secrets_of(settings)
    try:
        return list(check(settings))
    except PaidMediaError as error:
        what = error.what if error.where is None else f"{error.what} ({error.where})"
        return [bad(part, redacted(what, secrets), error.fix or "see above")]
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return [bad(part, redacted(reason, secrets), "tell whoever looks after the installation")]


def _has_schema(settings: Settings) -> bool:
    """Whether questions to the schema make sense; that they do not, the database's own check says."""
    try:
        return current_revision(settings) == HEAD
    except PaidMediaError:
        return False


def _which_database(settings: Settings) -> str:
    return "the embedded database" if settings.database_url is None else "the database of DATABASE_URL"
