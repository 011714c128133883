"""The database: there, new enough, at the newest schema, and keeping readers apart."""

from collections.abc import Iterator

from sqlalchemy import make_url, text

from orchestration.doctor.lines import Line, bad, ok, warning
from warehouse.control.migrate import HEAD, current_revision
from warehouse.postgres import database as warehouse_database
from warehouse.postgres import interference, public_functions
from warehouse.postgres import isolation as warehouse_isolation
from warehouse.settings import Settings

OLDEST_POSTGRES = 15
CROWDED = 0.8  # of the server's connections


def database(settings: Settings) -> Iterator[Line]:
    """Reachable, version, revision, connections."""
    with warehouse_database.session(settings) as current:
        version = int(current.scalar(text("show server_version_num")) or 0) // 10_000
        size = current.scalar(text("select pg_size_pretty(pg_database_size(current_database()))"))
        used = current.scalar(
            text("select count(*)::float / current_setting('max_connections')::int from pg_stat_activity")
        )
        is_super = current.scalar(text("select rolsuper from pg_roles where rolname = current_user"))
    if version < OLDEST_POSTGRES:
        yield bad("database", f"PostgreSQL {version}", f"upgrade the server to {OLDEST_POSTGRES} or newer")
    else:
        yield ok("database", f"PostgreSQL {version}, {size}")
    revision = current_revision(settings)
    if revision != HEAD:
        yield bad("database", f"at revision {revision or 'none'}, not {HEAD}", "paidmedia db migrate")
    else:
        yield ok("database", f"at revision {revision}")
    if used and used > CROWDED:
        yield warning("database", f"{used:.0%} of its connections are in use", "see pg_stat_activity for who has them")
    if is_super:
        yield bad("database", "its owner is a superuser, whom no policy binds", "alter role … nosuperuser")


def isolation(settings: Settings) -> Iterator[Line]:
    """Whether a reader of the marts could see another's rows, and whether one could do harm to everybody."""
    with warehouse_database.session(settings) as current:
        found = [*warehouse_isolation.leaks(current), *interference.differences(current)]
        harmful = public_functions.executable(current)
    for each in found:
        yield bad("isolation", each, "undo it: a grant, a policy, a view or an index that somebody changed")
    if not found:
        yield ok("isolation", "every reader of the marts sees only what is theirs")
    if harmful:
        what = f"every login can call what does harm: {', '.join(harmful)}"
        yield warning("isolation", what, _as_superuser(settings, public_functions.statement()))


def _as_superuser(settings: Settings, statement: str) -> str:
    """What mends what only a superuser may: ours on the embedded server, else the administrator."""
    if settings.database_url is None:
        return "paidmedia db migrate"
    name = make_url(settings.database_url).database
    return f"a superuser runs, in the database {name}: {' '.join(statement.split())}"
