"""`python -m sandbox exec` as a person runs it: beside the stand-ins where `make run` was, and ended by Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox import people, world
from warehouse.settings import PROJECT_ROOT, Settings

TELL = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a plan of a few days, and somebody who may log in."""
    settings = Settings(paidmedia_home=tmp_path)
    world.remembered_plan(settings, days=2)
    people.file_of(settings).parent.mkdir()
    people.file_of(settings).write_text('{"ada@agency.example": "a made-up password"}')
    return tmp_path


def started(home: Path, *command: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "exec", "--", *command],
        env=environment | {"PAIDMEDIA_HOME": str(home)}, cwd=PROJECT_ROOT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_the_command_is_told_where_the_stand_ins_are_and_who_may_log_in(home: Path) -> None:
    out, err = started(home, sys.executable, "-c", TELL).communicate(timeout=120)
    told = json.loads(out)
    assert told["VIBE_API_BASE_URL"].startswith("http://127.0.0.1:")
    assert json.loads(Path(told["SANDBOX_PEOPLE"]).read_text()) == {"ada@agency.example": "a made-up password"}
    assert err.startswith("Starting the stand-ins")


def test_where_make_run_never_was_the_command_just_runs(tmp_path: Path) -> None:
    out, err = started(tmp_path, sys.executable, "-c", TELL).communicate(timeout=120)
    assert "SANDBOX_PEOPLE" not in json.loads(out)
    assert err == ""


# Packages that are imported after a second swallow a KeyboardInterrupt; after ten the command is there.
@pytest.mark.parametrize("seconds", [0, 0.9, 1.1, 10])
def test_ctrl_c_ends_it_in_silence_whatever_has_begun(home: Path, seconds: float) -> None:
    process = started(home, "sleep", "100")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Starting the stand-ins")
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode in (130, -signal.SIGINT)  # the second before anything of ours runs
