"""What could keep an embedded server down after a crash: a starter that was killed, a pid file, processes left over."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psutil
import psycopg2
import pytest
from psycopg2.extras import wait_select

from tests.conftest import server_home
from tests.crashes import work
from tests.crashes.victims import Victim
from tests.sizes import cases, report
from warehouse.postgres import embedded


@pytest.fixture
def home() -> Iterator[Path]:
    with server_home() as folder:
        yield folder


@pytest.mark.torture
@pytest.mark.heavy
def test_a_first_start_that_is_killed_at_any_moment_is_ended_by_the_next_one() -> None:
    kills, random = cases(4, 40), Random("starts")
    for kill in range(kills):
        with server_home() as home:
            victim = Victim.start(work.start_server, home)
            # A whole first start takes 2 to 4 s. Of the starter alone every other time: what it has started goes on.
            time.sleep((kill + random.random()) / kills * 4)
            victim.kill(whole_group=kill % 2 == 0)
            assert answers(embedded.start(home))
    report("kills of a first start of Postgres", kills, failed_starts=0)


def test_a_pid_file_whose_number_is_another_processs_by_now_does_not_keep_the_server_down(home: Path) -> None:
    embedded.start(home)
    pid_file = embedded.Cluster.of(home).data / "postmaster.pid"
    kill_all(home)
    as_user = {"user": embedded.SYSTEM_USER} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "600"], **as_user) as stranger:
        _, *rest = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{stranger.pid}\n", *rest]))
        assert embedded.running_port(embedded.Cluster.of(home)) is None
        assert answers(embedded.start(home))
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.heavy
def test_another_server_that_has_got_the_number_is_not_taken_for_ours(home: Path) -> None:
    with server_home() as other:
        url, elsewhere = embedded.start(home), embedded.start(other)
        kill_all(home)
        ours, theirs = (embedded.Cluster.of(each).data / "postmaster.pid" for each in (home, other))
        ours.write_text(theirs.read_text())
        assert embedded.start(home).rpartition(":")[0] == url.rpartition(":")[0]
        assert answers(embedded.start(home))
        assert answers(elsewhere)


@pytest.mark.heavy
def test_a_busy_process_of_a_killed_server_does_not_keep_the_next_one_waiting(home: Path) -> None:
    busy = psycopg2.connect(embedded.start(home), async_=True)
    wait_select(busy)
    cursor = busy.cursor()
    cursor.execute("select count(*) from generate_series(1, 10000) as a, generate_series(1, 1000000) as b")
    time.sleep(1)
    server = main_process(home)
    server.kill()
    psutil.wait_procs([server], timeout=10)
    began = time.monotonic()
    assert answers(embedded.start(home))
    assert time.monotonic() - began < 15


def main_process(home: Path) -> psutil.Process:
    """The server's."""
    pid_file = embedded.Cluster.of(home).data / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().splitlines()[0]))


def kill_all(home: Path) -> None:
    """SIGKILL of the server and all of its processes."""
    server = main_process(home)
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)


def answers(url: str) -> bool:
    """Whether the database can be used by its owner."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("create table if not exists used as select 1 as one")
        cursor.execute("select current_user")
        found = cursor.fetchone()
    connection.close()
    return found == (embedded.OWNER,)
