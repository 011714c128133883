"""`make serve`: Dagster, the app, the dbt docs and the metrics answer, and end together when asked to."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.servers import everything, free_port
from warehouse.settings import PROJECT_ROOT

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.heavy]


def test_the_four_servers_answer_and_stop_together(finished_run: FinishedRun, tmp_path: Path) -> None:
    output = tmp_path / "serve.log"
    with everything(finished_run.environment, output) as (process, urls):
        with urllib.request.urlopen(urls["docs"]) as answer:
            assert b"dbt" in answer.read(100_000)
        with urllib.request.urlopen(f"{urls['metrics']}/metrics") as answer:
            assert b"paidmedia_database_up 1.0" in answer.read()
        with urllib.request.urlopen(f"{urls['streamlit']}/metrics") as answer:
            assert b"paidmedia_query_seconds_bucket" in answer.read()
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(60)
    assert process.returncode == 0, output.read_text()
    _, left = psutil.wait_procs(family, timeout=60)
    assert [each.name() for each in left if each.status() != psutil.STATUS_ZOMBIE] == []


def started(finished_run: FinishedRun) -> "subprocess.Popen[str]":
    """What `make serve` runs, as the leader of a process group, as a terminal has it; the ports are free ones."""
    ports = {f"{name}_PORT": free_port() for name in ("DAGSTER", "STREAMLIT", "DOCS", "METRICS")}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "exec", "--", sys.executable, "-m", "orchestration.serve"],
        env=finished_run.environment | ports, cwd=PROJECT_ROOT, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def family_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def left_of(family: list[psutil.Process]) -> list[str]:
    """The embedded Postgres may stay: `paidmedia db stop` ends it."""
    _, alive = psutil.wait_procs(family, timeout=60)
    return [each.name() for each in alive if each.status() != psutil.STATUS_ZOMBIE and each.name() != "postgres"]


def test_an_address_is_told_when_it_answers_with_who_may_log_in_and_who_ends_is_named(
    finished_run: FinishedRun,
) -> None:
    process, answered, said = started(finished_run), [], ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if address := re.search(r"http://\S+", line):
            with urllib.request.urlopen(address[0], timeout=20) as answer:
                answered.append(answer.status)
        if line.startswith("All of them answer"):
            break
    assert answered == [200] * 4, said
    assert len(re.findall(r"answers after \d+ s$", said, re.MULTILINE)) == 4
    people = json.loads((finished_run.home / "secrets" / "sandbox_people.json").read_text())
    assert re.findall(r"log in as (\S+), password (\S+)", said) == list(people.items())
    family = family_of(process)
    next(each for each in family if "streamlit" in " ".join(each.cmdline())).kill()
    rest = process.communicate(timeout=90)[0]
    log = finished_run.home / "logs" / "streamlit.log"
    assert rest == f"Error: the app ended with code -9; see {log}\n"
    assert log.exists()
    assert process.returncode == 1
    assert left_of(family) == []


@pytest.mark.parametrize(
    ("after", "seconds"), [("Starting the stand-ins", 1), ("Starting the database", 0), ("Starting the database", 9)]
)
def test_ctrl_c_while_everything_starts_ends_it_without_a_word_too_many(
    finished_run: FinishedRun, after: str, seconds: float
) -> None:
    process, line = started(finished_run), ""
    assert process.stdout is not None
    while not line.startswith(after):
        line = process.stdout.readline()
    time.sleep(seconds)
    family = family_of(process)
    os.killpg(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=90)[0]
    assert "Traceback" not in rest
    assert process.returncode in (0, 130)
    assert left_of(family) == []
