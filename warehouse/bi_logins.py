"""Logins for BI tools: Postgres roles, each of one client for its views in `bi`, or of the agency for all marts."""

import secrets

from psycopg2 import sql
from sqlalchemy import make_url, select, text
from sqlalchemy.orm import Session

from warehouse import audit, clients, database, roles
from warehouse.control import BiLogin
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings

CONNECTIONS = 10
# A reader that stays would hold up publishing, and one that computes for hours everyone else. A login can set each of
# them itself: they are what a tool starts with.
DEFAULTS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "60s",
}
CLIENT_SCHEMA, AGENCY_SCHEMA = "bi", "marts"


def add(current: Session, settings: Settings, client_id: str | None) -> str:
    """Make a login for a client's BI tool, or with None one for the agency's; returns its URL.

    The password is stored nowhere else. The name does not tell the client: every login of the server can list the names
    of all. Raises `PaidMediaError` for an unknown client.
    """
    if client_id is not None:
        clients.get_client(current, client_id)
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
    _set_up(current, row)
    audit.record(current, "add", "bi login", login, new={"client_id": client_id})
    return url.set(username=login, password=password).render_as_string(hide_password=False)


def migrate(current: Session) -> list[BiLogin]:
    """Give every login the defaults and the schema that a new one has; returns them. Safe to repeat.

    Raises `PaidMediaError` where the server has no role of a login, as after a restore on another one.
    """
    every_login = every(current)
    there = set(current.scalars(text("select rolname from pg_roles")))
    if gone := [row.login for row in every_login if row.login not in there]:
        fix = f"paidmedia bi-login remove {gone[0]}, then `bi-login add` for its client"
        raise PaidMediaError(f"this server has no role {', '.join(gone)}", fix=fix)
    for row in every_login:
        _set_up(current, row)
    return every_login


def _set_up(current: Session, row: BiLogin) -> None:
    connection, name = current.connection(), sql.Identifier(row.login)
    roles.execute(connection, f"alter role {{}} connection limit {CONNECTIONS}", name)
    schema = AGENCY_SCHEMA if row.client_id is None else CLIENT_SCHEMA
    for setting, value in {**DEFAULTS, "search_path": schema}.items():
        roles.execute(connection, f"alter role {{}} set {setting} = {{}}", name, sql.Literal(value))


def every(current: Session) -> list[BiLogin]:
    """The logins, by client and age."""
    return list(current.scalars(select(BiLogin).order_by(BiLogin.client_id, BiLogin.created_at, BiLogin.login)))


def remove(current: Session, login: str) -> None:
    """Take a login away; what is still connected as it sees no row any more. Raises `PaidMediaError`."""
    row = current.get(BiLogin, login)
    if row is None:
        raise PaidMediaError(f"there is no BI login {login}", fix="paidmedia bi-login list")
    audit.record(current, "remove", "bi login", login, old={"client_id": row.client_id})
    current.delete(row)
    current.flush()
    roles.execute(current.connection(), "drop role if exists {}", sql.Identifier(login))
