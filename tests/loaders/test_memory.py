"""No file, hostile or merely as large as allowed, takes more memory than a small machine has for one load."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from loaders.files.workbook import MAX_CELLS
from sandbox.workbook import xlsx
from tests.loaders import files
from tests.sizes import cases, report
from tests.sources import facebook
from warehouse.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.torture

LIMIT = 512  # MB
SMALLER = cases(4, 1)  # than the largest by this factor are the files outside the long form
LARGEST = 50 * 2**20 // SMALLER
DAY = date(2025, 12, 1)
DIMENSIONS = [f"dimension {number}" for number in range(40)]

READ_THE_CORPUS = """
from loaders.errors import LoadRefused
from loaders.files.reading import Reader, read_delivery
from tests.loaders.test_hostile_files import FILES, MAX_SIZE, SPECS
for file in FILES:
    try:
        read_delivery(file.make(), file.filename, Reader(SPECS[file.source], "acme", "USD", {}, MAX_SIZE, 0.05))
    except LoadRefused:
        pass
"""
LOAD = """
import sys
from tests.sources import facebook
from warehouse.settings import get_settings
result = facebook.load(get_settings(), sys.argv[1])
assert result.ok, result.errors
"""
PEAK = """
from pathlib import Path
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def peak_of(program: str, *arguments: str) -> int:
    """The peak memory, in MB, of a process that does this, and must end well."""
    command = [sys.executable, "-c", program + PEAK, *arguments]
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout) // 1024


def rows(number: int) -> tuple[object, ...]:
    """A row with its own ad and 40 more cells, so that hardly anything repeats."""
    day = DAY + timedelta(days=number % 28)
    row = files.facebook_row(day, number)
    return *row[:3], f"Ad {number}", *row[4:], *(f"{number * step % 9_973}" for step in range(len(DIMENSIONS)))


def cells_of(number: int) -> list[str | int]:
    """The row as a workbook has it: texts, and numbers as numbers."""
    return [int(text) if (text := str(cell)).isdigit() else text for cell in rows(number)]


def largest_csv(path: Path) -> None:
    header = [*files.FACEBOOK, *DIMENSIONS]
    some = files.csv_bytes(header, [rows(number) for number in range(100_000, 101_000)])
    fitting = 1_000 * LARGEST // len(some)  # earlier numbers are shorter
    path.write_bytes(files.csv_bytes(header, (rows(number) for number in range(fitting))))
    assert 0.9 * LARGEST < path.stat().st_size < LARGEST


def largest_workbook(path: Path) -> None:
    header = [*files.FACEBOOK, *DIMENSIONS]
    path.write_bytes(xlsx([header, *map(cells_of, range(MAX_CELLS // SMALLER // len(header) - 1))]))


@pytest.mark.long
def test_the_hostile_files_take_little_memory() -> None:
    peak = peak_of(READ_THE_CORPUS)
    report("memory of the hostile corpus", 1, peak_mb=peak, limit_mb=LIMIT)
    assert peak < LIMIT


@pytest.mark.heavy
@pytest.mark.parametrize(("filename", "make"), [("a.csv", largest_csv), ("a.xlsx", largest_workbook)])
def test_the_largest_files_are_loaded_in_little_memory(
    settings: Settings, client_id: str, ask: Callable[..., list[Any]], tmp_path: Path, filename: str, make: Any
) -> None:
    make(tmp_path / filename)
    upload = facebook.receive(settings, (tmp_path / filename).read_bytes(), filename, client_id, "ann")
    peak = peak_of(LOAD, str(upload))
    [(loaded,)] = ask(
        "select rows_accepted from raw_facebook.deliveries where client_id = :client and origin = :origin",
        client=client_id,
        origin=filename,
    )
    report(f"memory of the largest {filename[1:]}", loaded, peak_mb=peak, limit_mb=LIMIT)
    assert peak < LIMIT
