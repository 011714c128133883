"""Whom backups are taken of: the embedded server, or the one of `DATABASE_URL`; and the programs of its version."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import make_url

from warehouse.backup.store import Store
from warehouse.errors import PaidMediaError
from warehouse.postgres import embedded
from warehouse.postgres.database import complete_url, database_url, libpq_variables
from warehouse.settings import Settings

EMBEDDED_VERSION = 18


@dataclass(frozen=True)
class Server:
    """A running server, reached as a role that may replicate. `version` is the major one."""

    url: str
    system: str
    version: int
    is_embedded: bool

    def store(self, settings: Settings) -> Store:
        """Where its backups are."""
        return Store(settings.backups, self.system)

    @property
    def environment(self) -> dict[str, str]:
        """For the programs of Postgres: a password on a command line could be read by everybody."""
        return os.environ | libpq_variables(self.url)

    def ask(self, query: str, *values: object) -> Any:
        """The first value of the first row, in a transaction of its own."""
        with self.connected() as cursor:
            cursor.execute(query, values)
            row = cursor.fetchone()
            return row[0] if row else None

    def now(self) -> datetime:
        """Its clock, which the commits in the log go by."""
        moment: datetime = self.ask("select clock_timestamp()")
        return moment

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A cursor in autocommit."""
        with _connected(self.url) as cursor:
            yield cursor


def find(settings: Settings) -> Server:
    """The server of the settings; the embedded one is started. Raises `PaidMediaError` where it cannot be reached."""
    if settings.database_url is None:
        url = embedded.superuser_url(settings.paidmedia_home)
    else:
        own = settings.backup_database_url
        url = complete_url(own, None, "BACKUP_DATABASE_URL") if own else database_url(settings)
    with _connected(url) as cursor:
        cursor.execute("select system_identifier::text, current_setting('server_version_num')::int / 10000, "
                       "(select rolreplication or rolsuper from pg_roles where rolname = current_user), current_user "
                       "from pg_control_system()")  # fmt: skip
        system, version, may_replicate, role = cursor.fetchone()
    if not may_replicate:
        fix = "let BACKUP_DATABASE_URL name a role that may: create role … login replication password '…'"
        raise PaidMediaError(f"the role {role} may not take a backup of the server", fix=fix)
    return Server(url, system, version, is_embedded=settings.database_url is None)


def program(name: str, version: int) -> Path:
    """A program of PostgreSQL, of exactly this major version. Raises `PaidMediaError` where it is not installed."""
    if version == EMBEDDED_VERSION and embedded.binary(name).exists():
        return embedded.binary(name)
    candidates = [Path(f"/usr/lib/postgresql/{version}/bin/{name}")]
    if found := shutil.which(name):
        candidates.append(Path(found))
    for candidate in candidates:
        if candidate.exists() and _version_of(candidate) == version:
            return candidate
    fix = f"install PostgreSQL {version} here, such as Debian's postgresql-{version}"
    raise PaidMediaError(f"{name} of PostgreSQL {version} is not on this machine", fix=fix)


def copying_program(name: str) -> Path:
    """pg_basebackup or pg_receivewal: those of the wheel serve all servers of their version and older ones."""
    return embedded.binary(name)


def system_of_data(data: Path) -> str | None:
    """The system identifier of a data folder whose server need not run; None where there is none, or a broken one."""
    try:
        said = embedded.run_program(embedded.binary("pg_controldata"), "-D", str(data))
    except (subprocess.CalledProcessError, OSError):
        return None
    match = re.search(r"^Database system identifier:\s+(\d+)$", said, re.MULTILINE)
    return match[1] if match else None


def database_name(settings: Settings) -> str:
    """The name of the warehouse's database."""
    return embedded.DATABASE if settings.database_url is None else str(make_url(settings.database_url).database)


def owner_name(settings: Settings) -> str:
    """The role that owns it."""
    return embedded.OWNER if settings.database_url is None else str(make_url(settings.database_url).username)


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    try:
        connection = psycopg2.connect(url, options="-c timezone=UTC")
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        fix = "check DATABASE_URL and BACKUP_DATABASE_URL"
        raise PaidMediaError("the server cannot be reached", where=reason, fix=fix) from error
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _version_of(candidate: Path) -> int | None:
    said = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(match[1]) if match else None
