"""How much of the server the BI logins may take, so that the product always has what it needs.

PostgreSQL 16 and newer can reserve connections for the product. Where none are reserved, the sum of what the logins may
open is kept below what the product leaves. What a login may set itself is no limit: see `bi_logins` and `bi_watch`.
"""

from dataclasses import dataclass

from psycopg2 import sql
from sqlalchemy import Connection, make_url, text
from sqlalchemy.orm import Session

from warehouse.errors import PaidMediaError
from warehouse.postgres import database, roles
from warehouse.postgres.server_rights import DAGSTER_NEEDS, RESERVE_ROLE, WAREHOUSE_NEEDS
from warehouse.settings import Settings

CONNECTIONS = 10  # of a login at once
FEWEST = 2  # a tool that has one connection waits for itself


@dataclass(frozen=True)
class Server:
    """What the server gives out: all its connections, those kept for superusers, those reserved, and for whom.

    `may_use_reserve`: whether all roles of the product may use what is reserved.
    """

    version: int
    connections: int
    for_superusers: int
    reserved: int
    may_use_reserve: bool

    def keeps(self, needed: int) -> bool:
        """Whether it keeps so many connections for the product, whatever others open."""
        return self.may_use_reserve and self.reserved >= needed

    @property
    def closed(self) -> int:
        """How many connections nobody of the product or of the logins may open."""
        return 0 if self.may_use_reserve else self.reserved

    def room(self, needed: int) -> int:
        """How many connections the BI logins may open together where the product needs so many."""
        return max(0, self.connections - self.for_superusers - self.closed - needed)


def allowance(server: Server, needed: int, logins: int) -> int:
    """How many connections each of so many logins may open. Raises `PaidMediaError` where they would be too few."""
    if server.keeps(needed):
        return CONNECTIONS
    each = server.room(needed) // max(1, logins)
    if each < FEWEST:
        wanted = server.for_superusers + server.closed + needed + FEWEST * logins
        raise PaidMediaError(
            f"the server has {server.connections} connections, of which {logins} BI logins would get"
            f" {server.room(needed)}: the product needs the others",
            fix=f"set max_connections to {wanted} or more, or paidmedia bi-login remove one",
        )
    return min(CONNECTIONS, each)


def needed(settings: Settings, url: str) -> int:
    """How many connections the product needs on the server of this URL."""
    return WAREHOUSE_NEEDS + (DAGSTER_NEEDS if dagster_role(settings, url) else 0)


def server_of(current: Session, settings: Settings) -> Server:
    """The server of a session."""
    owner = database.database_url(settings)
    ours = [roles.app_role(make_url(owner)), *filter(None, [dagster_role(settings, owner)])]
    return Server(**current.execute(text(_SERVER), {"reserve": RESERVE_ROLE, "ours": ours}).mappings().one())


def share_reserve(connection: Connection) -> None:
    """Let the app's role use the reserved connections, where the owner may pass that on; by every `db migrate`."""
    if connection.scalar(text(_MAY_SHARE), {"reserve": RESERVE_ROLE}):
        names = sql.Identifier(RESERVE_ROLE), sql.Identifier(roles.app_role(connection.engine.url))
        roles.execute(connection, "grant {} to {} with inherit true", *names)  # the role itself inherits nothing


def may_set(current: Session, setting: str) -> bool:
    """Whether the owner may set one of `server_rights.OF_LOGINS`."""
    return current.scalar(text("select has_parameter_privilege(:setting, 'set')"), {"setting": setting}) is True


def dagster_role(settings: Settings, url: str) -> str | None:
    """The role of Dagster's storage, where that is on the same server."""
    if settings.dagster_database_url is None:
        return None
    ours, its = make_url(url), make_url(settings.dagster_database_url)
    return its.username if (ours.host, ours.port or 5432) == (its.host, its.port or 5432) else None


_SERVER = """
    select
        current_setting('server_version_num')::integer / 10000 as version,
        current_setting('max_connections')::integer as connections,
        current_setting('superuser_reserved_connections')::integer as for_superusers,
        coalesce(current_setting('reserved_connections', true), '0')::integer as reserved,
        exists (
            select from pg_roles as reserve
            where
                reserve.rolname = :reserve
                and not exists (
                    select from pg_roles as ours
                    where
                        (ours.rolname = current_user or ours.rolname = any (:ours))
                        and not pg_has_role(ours.oid, reserve.oid, 'usage')
                )
        ) as may_use_reserve
"""

_MAY_SHARE = """
    select pg_has_role(current_user, oid, 'usage with admin option') from pg_roles where rolname = :reserve
"""
