"""SIGKILL of the embedded Postgres in the middle of a load or a build, then a plain rerun: nothing torn, nothing lost.

A load or build under which Postgres dies may fail, in one line; or go on with the server that it has started again.
"""

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from subprocess import PIPE

import psutil
import pytest

from tests.conftest import server_home
from tests.crashes import state, work
from tests.crashes.outside import Uploads
from tests.crashes.state import Ask
from tests.crashes.victims import Victim, in_a_process, seconds_of, wait_for
from tests.sizes import cases, report
from warehouse.control import migrate
from warehouse.postgres import embedded
from warehouse.settings import PROJECT_ROOT, Settings, get_settings

pytestmark = [pytest.mark.heavy, pytest.mark.torture]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A warehouse on an embedded server of its own."""
    with server_home() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAIDMEDIA_HOME", str(folder))
        patch.setenv("SECRET_KEY", "a key for tests only")
        migrate.migrate(get_settings())
        yield folder


@pytest.fixture
def settings(home: Path) -> Settings:
    """Of that warehouse."""
    return get_settings()


def test_postgres_is_killed_under_a_load_and_then_under_a_build(
    settings: Settings, home: Path, uploads: Uploads, ask: Ask, dbt: str
) -> None:
    for number in (0, 1):
        delivery = uploads.deliver(number)
        whole = seconds_of(delivery.work, *delivery.arguments)
    kills, random = cases(2, 15), Random("postgres")
    ended: Counter[str] = Counter()
    for kill in range(kills):
        number += 1
        delivery = uploads.deliver(number)
        victim = Victim.start(delivery.work, *delivery.arguments)
        victim.answers.poll((kill + random.random()) / kills * whole)
        kill_postgres(home, with_children=kill % 2 == 0)
        ended[how_it_ended(victim)] += 1
        upload = ask("select status from control.uploaded_files where upload_id = :id", id=delivery.arguments[0])
        if upload == [("failed",)]:  # which its message tells to upload again
            delivery = uploads.deliver(number)
        assert in_a_process(delivery.work, *delivery.arguments)
        state.check(uploads, delivery, ask)
    report("kills of Postgres under a load", kills, wrong_states=0, **ended)
    kill_under_builds(delivery.sums[0], home, random, ask, dbt)


def test_a_command_under_which_postgres_dies_says_so_in_one_line_and_works_again(
    home: Path, uploads: Uploads, ask: Ask, tmp_path: Path
) -> None:
    kills, ended = cases(1, 6), Counter[str]()
    for number in range(kills):
        export = tmp_path / f"{1_000 + number}.csv"
        delivery, content = uploads.export(1_000 + number)
        export.write_bytes(content)
        words = [sys.executable, "-m", "orchestration.cli", "upload", str(export), "--client", uploads.client_id]
        words.append("--no-build")
        command = subprocess.Popen(words, cwd=PROJECT_ROOT, stdout=PIPE, stderr=PIPE, text=True)
        folders = state.package_folders(uploads)
        wait_for(lambda folders=folders: state.package_folders(uploads) > folders, 60, every=0.001)
        kill_postgres(home, with_children=True)
        out, said = command.communicate(timeout=120)
        assert "Traceback" not in out + said
        ended["failed in one line" if command.returncode else "went on"] += 1
        if command.returncode:
            assert command.returncode == 1
            assert said.splitlines()[-1].startswith("Error: ")
            assert sum("Error" in line for line in said.splitlines()) == 1
            again = subprocess.run(words, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
            assert again.returncode == 0, again.stderr
        state.check(uploads, delivery, ask)
    report("kills of Postgres under a command", kills, wrong_states=0, **ended)


def kill_under_builds(impressions: object, home: Path, random: Random, ask: Ask, dbt: str) -> None:
    """The marts are right after the next build, whatever the one before left."""
    kills, ended = cases(1, 5), Counter[str]()
    for kill in range(kills):
        victim = Victim.start(work.build)
        victim.wait_until(lambda: dbt_is_at_work(ask), every=0.05)
        time.sleep(random.uniform(0, 5))
        kill_postgres(home, with_children=kill % 2 == 0)
        ended[how_it_ended(victim)] += 1
        assert in_a_process(work.build, dbt) == ""
        assert ask("select sum(impressions) from marts.daily_metrics") == [(impressions,)]
        assert ask("select sum(impressions) from marts.weekly_summaries") == [(impressions,)]
    report("kills of Postgres under a build", kills, wrong_states=0, **ended)


def dbt_is_at_work(ask: Ask) -> bool:
    """Whether the build is past its preparations."""
    return bool(ask("select 1 from pg_stat_activity where application_name = 'dbt'"))


def kill_postgres(home: Path, *, with_children: bool) -> None:
    """SIGKILL of the server's main process, or of all of them. Returns when the main one is gone."""
    pid_file = embedded.Cluster.of(home).data / "postmaster.pid"
    server = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    victims = [server, *(server.children(recursive=True) if with_children else [])]
    for process in victims:
        process.kill()
    psutil.wait_procs([server], timeout=10)


def how_it_ended(victim: Victim) -> str:
    """Well, or with one line: a defect of ours would be another exception than those for people."""
    try:
        answer = victim.finish()
    except RuntimeError as error:
        answer = str(error)
    if answer is True or answer == "":
        return "went on"
    assert "\n" not in str(answer)
    assert answer is False or re.match("PaidMediaError: |LoadFailed: |the build failed: ", str(answer)), answer
    return "failed in one line"
