"""`paidmedia doctor` names each limit of BI logins that is not in force, and who mends it how."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from orchestration.doctor.limit_checks import Login, bi_login_limits, connections, reserve_statements, temp_files
from orchestration.doctor.lines import Line
from tests.deploy import debian_postgres, stack
from warehouse.access import bi_logins
from warehouse.control import migrate
from warehouse.errors import PaidMediaError
from warehouse.postgres import bi_limits, database
from warehouse.postgres.bi_limits import Server
from warehouse.postgres.server_rights import WAREHOUSE_NEEDS
from warehouse.settings import Settings, get_settings

RESERVE = reserve_statements("paidmedia", "dagster")


def told(settings: Settings) -> list[Line]:
    """What is not well, but for the other databases of the tests' own server."""
    return [line for line in bi_login_limits(settings) if line.level != "ok" and "other databases" not in line.what]


@pytest.fixture
def login(settings: Settings) -> Iterator[str]:
    """A login of the agency, for one test."""
    with database.session() as current:
        name = str(make_url(bi_logins.add(current, settings, None)).username)
    yield name
    with database.session() as current:
        bi_logins.remove(current, name)


def test_on_the_embedded_server_every_limit_is_in_force(login: str, settings: Settings) -> None:
    assert told(settings) == []


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        ('alter role "{login}" connection limit -1', "more connections"),
        ('alter role "{login}" reset temp_file_limit', "fill the disk"),
        ('revoke "{login}" from current_user', "nobody ends"),
    ],
)
def test_a_lost_limit_is_bad_and_given_back_by_the_command_that_is_named(
    login: str, settings: Settings, breaks: str, says: str
) -> None:
    with database.session() as current:
        current.execute(text(breaks.format(login=login)))
    (line,) = told(settings)
    assert (line.level, says in line.what, line.fix) == ("bad", True, "paidmedia bi-login migrate")
    with database.session() as current:
        bi_logins.migrate(current, settings)
    assert told(settings) == []


def test_a_server_of_ones_own_gets_the_statements_for_its_administrator() -> None:
    two = [Login("a", 10, False, True), Login("b", 10, False, True)]
    (fits, names) = connections(Server(17, 200, 3, 0, may_use_reserve=False), 80, two, RESERVE)
    assert (fits.level, names.level) == ("ok", "warning")
    assert names.fix is not None
    for statement in (
        "alter system set reserved_connections = 80",
        "grant pg_use_reserved_connections to paidmedia with admin option",
        "grant pg_use_reserved_connections to dagster",
    ):
        assert statement in names.fix
    (line,) = connections(Server(15, 100, 3, 0, may_use_reserve=False), 80, two, RESERVE)
    assert line.level == "bad"  # 15 can reserve none, and 17 are left for two logins
    (line,) = temp_files(two, "paidmedia", may_limit=False)
    assert (line.level, "grant set on parameter temp_file_limit, log_min_messages" in str(line.fix)) == (
        "warning",
        True,
    )


@pytest.fixture
def old_server(tmp_path: Path) -> Iterator[Settings]:
    """Debian's server, with the warehouse's database as deploy/first-start.sh makes it."""
    stack.make_secrets(tmp_path / "secrets")
    with debian_postgres.server(tmp_path / "secrets") as port, pytest.MonkeyPatch.context() as patch:
        password = (tmp_path / "secrets" / "database_password").read_text()
        patch.setenv("DATABASE_URL", f"postgresql://paidmedia:{password}@127.0.0.1:{port}/paidmedia")
        patch.setenv("SECRET_KEY", "a key for tests only")
        patch.setenv("PAIDMEDIA_HOME", str(tmp_path / "home"))
        migrate.migrate()
        yield get_settings()
        database.engine().dispose()


@pytest.mark.heavy
@debian_postgres.needed()
def test_where_nothing_is_reserved_the_logins_share_what_the_product_leaves(old_server: Settings) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            with database.session() as current:
                bi_logins.add(current, old_server, None)

    with pytest.raises(PaidMediaError, match=r"of which \d+ BI logins would get"):
        add(200)
    with database.session() as current:
        server = bi_limits.server_of(current, old_server)
        names = [each.login for each in bi_logins.every(current)]
        limits = list(
            current.scalars(text("select rolconnlimit from pg_roles where rolname = any (:names)"), {"names": names})
        )
    room = server.connections - server.for_superusers - WAREHOUSE_NEEDS
    assert (server.version >= 16) or (server.reserved == 0 and len(limits) == room // bi_limits.FEWEST)
    assert sum(limits) <= room
    assert [line for line in bi_login_limits(old_server) if line.level != "ok"] == []
