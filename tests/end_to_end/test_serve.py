"""`make serve` as a terminal has it: what it says, whom it names, how Ctrl-C ends it.

What its four servers answer, and that they end together when asked to, is seen by test_app_changes.py, which has them.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.servers import free_port
from warehouse.settings import PROJECT_ROOT

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.heavy]


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
    ("after", "seconds"),
    [
        ("Starting the stand-ins", 1),
        pytest.param("Starting the database", 0, marks=[pytest.mark.long, pytest.mark.torture]),
        ("Starting the database", 9),
    ],
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
