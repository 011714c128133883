"""A Postgres server of Debian's package, in a folder of its own, first started as the container's is."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.servers import free_port
from warehouse.settings import PROJECT_ROOT

PACKAGE = "postgresql"
SETTINGS = ("timezone=UTC", "jit=off", "max_connections=200", "fsync=off")


def programs() -> Path | None:
    """The newest server's programs; None where the package is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def needed() -> pytest.MarkDecorator:
    """Skips, with the reason, where there is no server or nobody may be its user; never on CI."""
    missing = programs() is None or os.geteuid() != 0
    reason = f"needs root and Debian's package: apt-get install {PACKAGE}"
    return pytest.mark.skipif(missing and not os.environ.get("CI"), reason=reason)


@contextmanager
def server(secrets: Path) -> Iterator[str]:
    """A running server with the roles and databases of deploy/first-start.sh; gives its port on 127.0.0.1.

    `secrets` holds the passwords by the names that docker-compose.yml gives their files.
    """
    folder = Path(tempfile.mkdtemp(prefix="debian-postgres-"))
    user = pwd.getpwnam("postgres")
    port = free_port()
    try:
        password = shutil.copy(secrets / "postgres_password", folder / "password")
        for path in (folder, password):
            shutil.chown(path, user.pw_uid, user.pw_gid)
        data = str(folder / "data")
        _run("initdb", "--pgdata", data, "--auth=scram-sha-256", f"--pwfile={password}", "--username=postgres",
             "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums")  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        options += "".join(f" -c {setting}" for setting in SETTINGS)
        _run("pg_ctl", "--pgdata", data, "--wait", "--log", str(folder / "log"), "--options", options, "start")
        try:
            _first_start(port, secrets)
            yield port
        finally:
            _run("pg_ctl", "--pgdata", data, "--wait", "--mode", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _first_start(port: str, secrets: Path) -> None:
    """What the image does once on an empty volume."""
    environment: Mapping[str, str] = os.environ | {
        "PGHOST": "127.0.0.1",
        "PGPORT": port,
        "PGPASSWORD": (secrets / "postgres_password").read_text(),
        "DATABASE_PASSWORD_FILE": str(secrets / "database_password"),
        "DAGSTER_DATABASE_PASSWORD_FILE": str(secrets / "dagster_database_password"),
        "CLOSE_TO_PUBLIC_SQL": str(PROJECT_ROOT / "deploy" / "close-to-public.sql"),
    }
    subprocess.run([str(PROJECT_ROOT / "deploy" / "first-start.sh")], env=environment, check=True)


def _run(program: str, *words: str) -> None:
    found = programs()
    assert found is not None, f"apt-get install {PACKAGE}"
    # Not a pipe: the server would inherit it, and hold it open.
    subprocess.run(
        [str(found / program), *words], user="postgres", group="postgres", extra_groups=[], cwd="/", check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
