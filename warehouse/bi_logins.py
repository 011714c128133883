"""Logins for BI tools: Postgres roles that can read the marts, and of them the rows of one client."""

import secrets

from psycopg2 import sql
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from warehouse import audit, clients, database, roles
from warehouse.control import BiLogin
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings

CONNECTIONS = 10
# A reader that stays would hold up publishing, and one that computes for hours everyone else.
LIMITS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "60s",
    "search_path": "marts",
}


def add(current: Session, settings: Settings, client_id: str) -> str:
    """Make a login for a client's BI tool; returns its URL, whose password is stored nowhere else.

    The name does not tell the client: every login of the server can list the names of all.
    """
    clients.get_client(current, client_id)
    url = make_url(database.database_url(settings))
    login, password = f"{url.database}_bi_{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    connection = current.connection()
    name = sql.Identifier(login)
    roles.execute(connection, f"create role {{}} login inherit connection limit {CONNECTIONS}", name)
    for setting, value in LIMITS.items():
        roles.execute(connection, f"alter role {{}} set {setting} = {{}}", name, sql.Literal(value))
    roles.set_password(connection, login, password)
    current.add(BiLogin(login=login, client_id=client_id, created_by=audit.actor_name()))
    current.flush()
    roles.execute(connection, "grant {} to {}", sql.Identifier(roles.readers_role(url)), name)
    audit.record(current, "add", "bi login", login, new={"client_id": client_id})
    return url.set(username=login, password=password).render_as_string(hide_password=False)


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
    roles.execute(current.connection(), "drop role {}", sql.Identifier(login))
