"""Logins for BI tools: Postgres roles, each of one client for its views in `bi`, or of the agency for all marts."""

import secrets

from psycopg2 import sql
from sqlalchemy import Connection, make_url, select, text
from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.control import BiLogin, lookup
from warehouse.errors import PaidMediaError
from warehouse.postgres import bi_limits, database, roles
from warehouse.postgres.server_rights import OF_LOGINS
from warehouse.settings import Settings

CLIENT_SCHEMA, AGENCY_SCHEMA = "bi", "marts"


def add(current: Session, settings: Settings, client_id: str | None) -> str:
    """Make a login for a client's BI tool, or with None one for the agency's; returns its URL.

    The password is stored nowhere else. The name does not tell the client: every login of the server can list the names
    of all. Where the server reserves no connections for the product, the other logins may get fewer connections by it.
    Raises `PaidMediaError` for an unknown client, and where the server has no connections left for a login.
    """
    if client_id is not None:
        lookup.get_client(current, client_id)
    _one_at_a_time(current)
    url = make_url(database.database_url(settings))
    login, password = f"{url.database}_bi_{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    connection = current.connection()
    roles.execute(connection, "create role {} login inherit", sql.Identifier(login))
    roles.set_password(connection, login, password)
    row = BiLogin(login=login, client_id=client_id, created_by=audit.actor_name())
    current.add(row)
    current.flush()
    group = roles.agency_role(url) if client_id is None else roles.readers_role(url)
    roles.execute(connection, "grant {} to {}", sql.Identifier(group), sql.Identifier(login))
    _share_connections(current, settings)
    _set_up(current, settings, row)
    audit.record(current, "add", "bi login", login, new={"client_id": client_id})
    return url.set(username=login, password=password).render_as_string(hide_password=False)


def migrate(current: Session, settings: Settings) -> list[BiLogin]:
    """Give every login the limits, the defaults and the schema that a new one has; returns them. Safe to repeat.

    What a login has set for itself is undone. Raises `PaidMediaError` where the server has no role of a login, as after
    a restore on another one, or too few connections.
    """
    _one_at_a_time(current)
    every_login = every(current)
    there = set(current.scalars(text("select rolname from pg_roles")))
    if gone := [row.login for row in every_login if row.login not in there]:
        fix = f"paidmedia bi-login remove {gone[0]}, then `bi-login add` for its client"
        raise PaidMediaError(f"this server has no role {', '.join(gone)}", fix=fix)
    _share_connections(current, settings)
    for row in every_login:
        _set_up(current, settings, row)
    return every_login


def connections(current: Session, settings: Settings) -> int:
    """How many connections each login may open at once. Raises `PaidMediaError` where they would be too few."""
    needed = bi_limits.needed(settings, database.database_url(settings))
    return bi_limits.allowance(bi_limits.server_of(current, settings), needed, len(every(current)))


def defaults(settings: Settings, row: BiLogin) -> dict[str, str]:
    """What a session of a login begins with. It can set each of them itself; `bi_watch` sees to those that matter."""
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{settings.bi_statement_seconds}s",
        "idle_in_transaction_session_timeout": f"{settings.bi_idle_seconds}s",
        "search_path": AGENCY_SCHEMA if row.client_id is None else CLIENT_SCHEMA,
    }


def _one_at_a_time(current: Session) -> None:
    """Two logins that are made at once count each other."""
    current.execute(text("lock table access.bi_logins in share row exclusive mode"))


def _share_connections(current: Session, settings: Settings) -> None:
    """Give every login that the server has its share, by which a new one may lower the others'."""
    each = connections(current, settings)
    for login in list(current.scalars(text(_WITHOUT_SHARE), {"each": each})):
        roles.execute(current.connection(), f"alter role {{}} connection limit {each}", sql.Identifier(login))


def _set_up(current: Session, settings: Settings, row: BiLogin) -> None:
    connection, name = current.connection(), sql.Identifier(row.login)
    here = sql.Identifier(str(make_url(database.database_url(settings)).database))
    _be_a_member(connection, name)
    roles.execute(connection, "alter role {} reset all", name)
    roles.execute(connection, "alter role {} in database {} reset all", name, here)
    settings_of_it = defaults(settings, row)
    settings_of_it |= {each: value for each, value in OF_LOGINS.items() if bi_limits.may_set(current, each)}
    for setting, value in settings_of_it.items():
        roles.execute(connection, f"alter role {{}} set {setting} = {{}}", name, sql.Literal(value))


def _be_a_member(connection: Connection, name: sql.Identifier) -> None:
    """Only its members see what a role's sessions do, and may end them. It owns nothing that they would get by it."""
    roles.execute(connection, "grant {} to current_user", name)


def every(current: Session) -> list[BiLogin]:
    """The logins, by client and age."""
    return list(current.scalars(select(BiLogin).order_by(BiLogin.client_id, BiLogin.created_at, BiLogin.login)))


def remove(current: Session, login: str) -> None:
    """Take a login away, whatever its password is by now, and end its connections. Raises `PaidMediaError`."""
    row = current.get(BiLogin, login)
    if row is None:
        raise PaidMediaError(f"there is no BI login {login}", fix="paidmedia bi-login list")
    audit.record(current, "remove", "bi login", login, old={"client_id": row.client_id})
    current.delete(row)
    current.flush()
    if current.scalar(text("select true from pg_roles where rolname = :login"), {"login": login}):
        connection, name = current.connection(), sql.Identifier(login)
        _be_a_member(connection, name)
        current.execute(text(_END_ALL), {"login": login})
        # Rights that it gave others for what it might make, and they it, would keep the role.
        roles.execute(connection, "drop owned by {}", name)
        roles.execute(connection, "drop role {}", name)


_WITHOUT_SHARE = """
    select login from access.bi_logins inner join pg_roles on rolname = login where rolconnlimit <> :each
"""

# Once its role is gone nobody can tell whose a session is. One that begins just now sees no row of any view.
_END_ALL = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where usename = :login and pg_has_role(current_user, usesysid, 'usage')
"""
