"""Plants a fault in a copy of the checkout and says which test notices.

checkout, as it is now → copy → one fault → pytest -x on the tests of its room (→ the whole suite) → Verdict

A copy has no environment of its own: `PYTHONPATH` puts it before the editable install, for every process that the tests
start. Only a test that ran and failed catches a fault; a time-out, an error of collection or no test at all is none.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tests.mutants.faults import Fault

ROOT = Path(__file__).parents[2]
MINUTES, WHOLE_MINUTES = 15.0, 90.0  # of one fault with the tests of its room, and with the whole suite
SHOWN = 4_000  # characters of a run's output
SECONDS_TO_END = 60.0  # for a run that is interrupted: it stops its servers first
FOREIGN = ("PYTEST_", "COV_", "PAIDMEDIA_")  # what the run that runs us says to itself
# These compare texts: the list with the files, a view with what dbt compiles.
NOT_HERE = (
    "--ignore=tests/mutants",
    "--deselect=tests/dbt_project/test_ledger_views.py::test_a_database_without_a_build_has_what_dbt_compiles",
)
ENDED = re.compile(r"^(?:FAILED|ERROR) (\S+?::.*?)(?: - .*)?$", re.MULTILINE)
OF_DBT = re.compile(r"Failure in (?:unit_)?test (\w+)")

Outcome = Literal["caught", "survived", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """What came of one run. `by` is the test that noticed, or why nothing is decided; `said` the end of the output."""

    name: str
    outcome: Outcome
    by: str
    seconds: float
    said: str


@contextmanager
def checkout() -> Iterator[Path]:
    """A folder with the files of the checkout as they are now, uncommitted and untracked ones too."""
    with _folder() as folder:
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
        for name in filter(None, done.stdout.split("\0")):
            if (ROOT / name).exists():  # one that is deleted and not committed is listed
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        yield folder


def plant(fault: Fault, folder: Path) -> None:
    """Change the file. Raises `ValueError` unless the text stands there exactly once."""
    path = folder / fault.path
    text = path.read_text()
    if text.count(fault.was) != 1:
        raise ValueError(f"{fault.name}: {fault.path} has the text {text.count(fault.was)} times")
    path.write_text(text.replace(fault.was, fault.becomes))


def examine(
    fault: Fault, files: Path, options: Sequence[str] = (), *, whole: bool = False, minutes: float = MINUTES
) -> Verdict:
    """Run the tests of a fault's room in a copy of `files` with the fault, then, if `whole` and need be, all tests.

    `options` are pytest's, such as `-m` and `--part`.
    """
    verdict = _tested(fault.name, files, fault, [*options, *fault.tests], minutes)
    if whole and verdict.outcome == "survived":
        rest = _tested(fault.name, files, fault, [*options, "tests"], WHOLE_MINUTES)
        return replace(rest, seconds=verdict.seconds + rest.seconds)
    return verdict


def control(faults: Sequence[Fault], files: Path, options: Sequence[str] = ()) -> Verdict:
    """Run the nearest tests of some faults without any: what fails then would be taken for a catch."""
    nearest = dict.fromkeys(fault.tests[0] for fault in faults)
    return _tested("nothing planted", files, None, [*options, *nearest], WHOLE_MINUTES)


def _tested(name: str, files: Path, fault: Fault | None, arguments: Sequence[str], minutes: float) -> Verdict:
    began = time.monotonic()
    with _folder() as folder:
        shutil.copytree(files, folder / "checkout")
        if fault is not None:
            plant(fault, folder / "checkout")
        code, said = _pytest(folder, arguments, minutes * 60)
    return Verdict(name, *judged(code, said), time.monotonic() - began, said[-SHOWN:])


def judged(code: int | None, said: str) -> tuple[Outcome, str]:
    """What an exit code of pytest, None for a time-out, and its output say. A collection error names no test."""
    ended = ENDED.search(said)
    if code == 1 and ended:
        of_dbt = OF_DBT.search(said)
        return "caught", f"{ended[1]} ({of_dbt[1]})" if of_dbt else ended[1]
    if code == 0:
        return "survived", ""
    last = (said.strip().splitlines() or [""])[-1]
    return "undecided", "not ended in time" if code is None else f"pytest exits {code}: {last}"


def _pytest(folder: Path, arguments: Sequence[str], seconds: float) -> tuple[int | None, str]:
    """The exit code, None for a time-out, and the output of pytest in `folder/checkout`."""
    copy, scratch = folder / "checkout", folder / "tmp"
    scratch.mkdir()
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short", "--color=no", "-p", "no:cacheprovider"]
    command += ["-p", "tests.mutants.nearest_first", *NOT_HERE, *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment |= {"PYTHONPATH": str(copy), "TMPDIR": str(scratch)}
    log = folder / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=copy, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    return code, log.read_text(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a run: first as Ctrl-C does, so that it stops its servers, then its whole group."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_END)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that goes with its block, and that the role of the embedded server may pass through."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)
