"""The Postgres roles that read the marts: the app's, and one per BI login. What each sees, the policies decide.

`<database>_app` reads in the name of a person, for one transaction. Every BI login of a client is a member of
`<database>_readers`, which reads the views in `bi`; `<database>_views` owns those, and nobody logs in as it. Logins of
the agency are members of `<database>_agency`, which reads the marts. Migrations make them and `access.protect`, which
dbt calls for every mart that it creates.
"""

from typing import Any

from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from sqlalchemy import URL, Connection, make_url

from warehouse.secrets.secret_key import derived_password
from warehouse.settings import Settings


def app_url(settings: Settings, owner_url: str) -> str:
    """The URL of the same database for the app's role."""
    url = make_url(owner_url)
    role = app_role(url)
    return url.set(username=role, password=derived_password(settings, role)).render_as_string(hide_password=False)


def app_role(url: URL) -> str:
    """The role that the app reads the marts with."""
    return f"{url.database}_app"


def readers_role(url: URL) -> str:
    """The role that every BI login of a client is a member of."""
    return f"{url.database}_readers"


def views_role(url: URL) -> str:
    """The role that owns the views of clients' logins: a policy shows it the rows of whoever asks."""
    return f"{url.database}_views"


def agency_role(url: URL) -> str:
    """The role that every BI login of the agency is a member of."""
    return f"{url.database}_agency"


def set_app_password(connection: Connection, settings: Settings) -> None:
    """Give the app's role the password that follows from `SECRET_KEY`; done by every `paidmedia db migrate`."""
    role = app_role(connection.engine.url)
    set_password(connection, role, derived_password(settings, role))


def set_password(connection: Connection, role: str, password: str) -> None:
    """Store a password as a SCRAM verifier, so that no log of statements holds it."""
    raw: Any = connection.connection.driver_connection
    verifier = encrypt_password(password, role, raw, "scram-sha-256")
    execute(connection, "alter role {} password {}", sql.Identifier(role), sql.Literal(verifier))


def execute(connection: Connection, statement: str, *parts: sql.Composable) -> None:
    """Run a statement whose names and values cannot be bound: each `{}` is a quoted part."""
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*parts))
