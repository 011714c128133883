"""Whether the limits of BI logins hold, and what the server's administrator has to do where one does not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from orchestration.doctor.lines import Line, bad, ok, warning
from warehouse.postgres import bi_limits, database, roles, server_rights
from warehouse.settings import Settings

PART = "BI logins"
FIRST_WITH_RESERVE = 16
AGAIN = "paidmedia bi-login migrate"
# The embedded server gives at its start what else an administrator has to: one of before is still running.
RESTART = f"paidmedia db stop, paidmedia db migrate, {AGAIN}"


@dataclass(frozen=True)
class Login:
    """What Postgres holds a login to; `connections` is -1 without a limit, and None where the role is gone."""

    login: str
    connections: int | None
    has_temp_limit: bool
    is_watched: bool | None


def bi_login_limits(settings: Settings) -> Iterator[Line]:
    """Connections, disk, the watch, and the other databases of the server. A warning is for its administrator."""
    url = database.database_url(settings)
    with database.session(settings) as current:
        for line in _of_logins(current, settings, url):
            is_ours = settings.database_url is None and line.level == "warning"
            yield replace(line, fix=RESTART) if is_ours else line
        yield from other_databases(current, url)


def _of_logins(current: Session, settings: Settings, url: str) -> Iterator[Line]:
    reserve = reserve_statements(_owner(url), bi_limits.dagster_role(settings, url))
    logins = [Login(**row) for row in current.execute(text(_LOGINS)).mappings()]
    yield from connections(bi_limits.server_of(current, settings), bi_limits.needed(settings, url), logins, reserve)
    yield from temp_files(logins, _owner(url), may_limit=bi_limits.may_set(current, "temp_file_limit"))
    yield from watched(logins)


def connections(server: bi_limits.Server, needed: int, logins: list[Login], reserve: list[str]) -> Iterator[Line]:
    """Whether all that BI logins may open leaves the product what it needs."""
    room = server.connections if server.keeps(needed) else server.room(needed)
    allowed = [each.connections or 0 for each in logins]
    if any(not 0 <= each <= bi_limits.CONNECTIONS for each in allowed) or sum(allowed) > room:
        yield bad(PART, f"{len(logins)} may open more connections than the product can spare", AGAIN)
    elif server.keeps(needed):
        yield ok(PART, f"the server keeps {server.reserved} connections for the product")
    else:
        yield ok(PART, f"{len(logins)} may open {sum(allowed)} connections; the product has {needed} beside them")
    if server.version >= FIRST_WITH_RESERVE and not server.keeps(needed):
        missing = [] if server.reserved >= needed else [server_rights.RESERVE.format(connections=needed)]
        missing += [] if server.may_use_reserve else reserve
        restart = "" if server.reserved >= needed else "a restart; "
        fix = f"as the server's administrator: {'; '.join(missing)}; {restart}then paidmedia db migrate, {AGAIN}"
        yield warning(PART, "the server keeps no connections for the product", fix)


def temp_files(logins: list[Login], owner: str, *, may_limit: bool) -> Iterator[Line]:
    """Whether a sort of a login can fill the disk."""
    without = [each.login for each in logins if each.connections is not None and not each.has_temp_limit]
    if without and may_limit:
        yield bad(PART, f"{len(without)} may fill the disk with temporary files", AGAIN)
    elif without or not (logins or may_limit):
        statement = server_rights.LIMIT_LOGINS.format(owner=owner)
        fix = f"as the server's administrator: {statement}; then {AGAIN}"
        yield warning(PART, "nothing limits the temporary files of a statement (temp_file_limit)", fix)
    else:
        yield ok(PART, f"a statement writes {server_rights.TEMP_FILES} of temporary files at most")


def watched(logins: list[Login]) -> Iterator[Line]:
    """Whether the watch sees what each login does, and may end it."""
    if unseen := [each.login for each in logins if not each.is_watched]:
        yield bad(PART, f"nobody ends what {', '.join(unseen)} leaves running", AGAIN)


def other_databases(current: Session, url: str) -> Iterator[Line]:
    """Whether a login can make temporary tables in another database of the server."""
    its_roles = {"readers": roles.readers_role(make_url(url))}
    if names := list(current.scalars(text(_OPEN_DATABASES), its_roles)):
        statement = server_rights.close_databases(names)
        what = f"every BI login may connect to {len(names)} other databases of the server, and write there"
        yield warning(PART, what, f"as the server's administrator: {statement}")


def reserve_statements(owner: str, dagster: str | None) -> list[str]:
    """What lets the product use the connections that the server reserves."""
    more = [] if dagster is None else [server_rights.DAGSTER_USES_RESERVE.format(role=dagster)]
    return [server_rights.USE_RESERVE.format(owner=owner), *more]


def _owner(url: str) -> str:
    return str(make_url(url).username)


_LOGINS = """
    select
        logins.login,
        roles.rolconnlimit as connections,
        current_setting('temp_file_limit') <> '-1' or exists (
            select from pg_db_role_setting as settings
            where
                settings.setrole = roles.oid and settings.setdatabase = 0
                and exists (select from unnest(settings.setconfig) as each where each like 'temp\\_file\\_limit=%')
        ) as has_temp_limit,
        pg_has_role(current_user, roles.oid, 'usage') as is_watched
    from access.bi_logins as logins
    left join pg_roles as roles on roles.rolname = logins.login
    order by logins.login
"""

_OPEN_DATABASES = """
    select quote_ident(datname)
    from pg_database
    where
        datallowconn and datname <> current_database()
        and has_database_privilege(:readers, oid, 'connect')
    order by datname
"""
