"""`make torture`: the long form of every test that repeats, and one table of what it showed.

    python -m tests.torture [-k NAME] [any other option of pytest]

The table is printed and kept as `torture.md` in PAIDMEDIA_HOME (default `.paidmedia/`).
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.sizes import FIGURES
from warehouse.settings import PROJECT_ROOT, get_settings

HOURS = 12  # of one test; the suite's own limit of twenty minutes is for the quick form


def main() -> int:
    """Run, print, keep. Returns pytest's exit code."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        figures = Path(folder) / "figures.jsonl"
        figures.touch()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-m",
            "torture",
            "-o",
            f"timeout={HOURS * 3600}",
            "-p",
            "no:cacheprovider",
        ]
        if not any(argument.startswith("-n") for argument in sys.argv[1:]):
            command += ["-n", "2", "--dist", "loadgroup"]
        done = subprocess.run(
            [*command, *sys.argv[1:]], cwd=PROJECT_ROOT, env={**os.environ, FIGURES: str(figures)}, check=False
        )
        lines = [json.loads(line) for line in figures.read_text().splitlines()]
    took = timedelta(seconds=round(time.monotonic() - start))
    verdict = "everything held" if done.returncode == 0 else "see the failures above"
    title = f"{len(lines)} tortures in {took} on {os.cpu_count()} cores, Python {platform.python_version()}: {verdict}"
    rows = [
        (
            line["what"],
            f"{line['cases']:,}",
            ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in line["figures"].items()),
        )
        for line in sorted(lines, key=lambda line: line["what"])
    ]
    show(title, rows)
    keep(title, rows)
    return done.returncode


def show(title: str, rows: list[tuple[str, str, str]]) -> None:
    """The table on the terminal."""
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column("cases", justify="right")
    table.add_column("what was seen")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def keep(title: str, rows: list[tuple[str, str, str]]) -> None:
    """The table as Markdown, to be compared with the next one."""
    home = get_settings().paidmedia_home
    home.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{title}\n",
        "| what | cases | what was seen |",
        "| --- | ---: | --- |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    (home / "torture.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
