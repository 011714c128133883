"""`make torture`: the long form of every test that repeats, and one table of what it showed.

    python -m tests.torture [-k NAME] [any other option of pytest]

The table is printed; its lines are kept in tests/torture.json and shown in docs/torture.md.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.sizes import FIGURES
from tests.torture_table import Line, renew
from warehouse.settings import PROJECT_ROOT


def main() -> int:
    """Run, print, keep. Returns pytest's exit code."""
    start = time.monotonic()
    here = {
        "when": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        figures = Path(folder) / "figures.jsonl"
        figures.touch()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-m",
            "torture",
            "-p",
            "no:cacheprovider",
        ]
        if not any(argument.startswith("-n") for argument in sys.argv[1:]):
            command += ["-n", "2", "--dist", "loadgroup"]
        done = subprocess.run(
            [*command, *sys.argv[1:]], cwd=PROJECT_ROOT, env={**os.environ, FIGURES: str(figures)}, check=False
        )
        reported = [json.loads(line) for line in figures.read_text().splitlines()]
    lines = [Line(**each, **here) for each in sorted(reported, key=lambda each: each["what"])]
    took = timedelta(seconds=round(time.monotonic() - start))
    verdict = "everything held" if done.returncode == 0 else "see the failures above"
    show(f"{len(lines)} tortures in {took} on {here['cores']} cores, Python {here['python']}: {verdict}", lines)
    if lines:
        renew(lines)
    return done.returncode


def commit() -> str:
    """The commit that is measured, and whether files differ from it; the table's own files do not count."""
    others = ("--", ".", ":(exclude)tests/torture.json", ":(exclude)docs/torture.md")
    try:
        name = git("rev-parse", "--short=7", "HEAD").strip()
        return f"{name} and changes" if git("status", "--porcelain", "--untracked-files=no", *others) else name
    except (OSError, subprocess.CalledProcessError):
        return "no commit"


def git(*words: str) -> str:
    """What a command of git says of the project."""
    return subprocess.run(["git", *words], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout


def show(title: str, lines: Sequence[Line]) -> None:
    """The lines of this run on the terminal."""
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column("cases", justify="right")
    table.add_column("what was seen")
    for line in lines:
        table.add_row(line.what, f"{line.cases:,}", line.seen)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
