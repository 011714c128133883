"""Where the time of a run goes: by folder and by group, printed at its end; and which groups are begun first.

Belongs here: what the suite knows of its own durations. `tests/durations.json` holds the seconds of each group that
takes more than a few; `--renew-durations` writes what this run measured over them.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

KEPT = Path(__file__).with_name("durations.json")
WORTH_KEEPING = 3  # seconds
SHOWN = 20


def longest_first(items: list[pytest.Item]) -> None:
    """Begin the groups that take longest first, so that none of them is what all others wait for at the end."""
    seconds: dict[str, float] = json.loads(KEPT.read_text())
    items.sort(key=lambda item: -seconds.get(group_of(item), 0))  # the order within a group stays


def group_of(item: pytest.Item) -> str:
    """The tests that run in one process, one after the other: those of a file, or what the mark says."""
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else item.path.stem


class Stopwatch:
    """Adds up what the steps of all tests took, whichever process ran them."""

    def __init__(self, *, renew: bool) -> None:
        self._renew = renew
        self._seconds: dict[tuple[str, str], float] = defaultdict(float)  # (folder, group)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Setup, call and teardown of a test; its group stands behind the @ that xdist adds to its name."""
        place, _, name = report.nodeid.partition("::")
        folder, group = Path(place).parent.as_posix(), name.rpartition("@")[2] if "@" in name else Path(place).stem
        self._seconds[folder, group] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Two tables, the longest first."""
        folders: dict[str, float] = defaultdict(float)
        groups: dict[str, float] = defaultdict(float)
        for (folder, group), seconds in self._seconds.items():
            folders[folder] += seconds
            groups[group] += seconds
        every = sum(folders.values())
        terminalreporter.section(f"{every:,.0f} s of tests by folder, and the {SHOWN} longest groups")
        for line in side_by_side(ordered(folders)[:SHOWN], ordered(groups)[:SHOWN]):
            terminalreporter.write_line(line)
        if self._renew:
            kept = json.loads(KEPT.read_text()) | {name: round(seconds) for name, seconds in groups.items()}
            renewed = {name: seconds for name, seconds in ordered(kept) if seconds >= WORTH_KEEPING}
            KEPT.write_text(json.dumps(renewed, indent=1) + "\n")


def ordered(seconds: dict[str, float]) -> list[tuple[str, float]]:
    """The longest first."""
    return sorted(seconds.items(), key=lambda each: (-each[1], each[0]))


def side_by_side(*columns: Sequence[tuple[str, float]]) -> Iterable[str]:
    """The lines of two or more lists beside each other."""
    for row in range(max(map(len, columns))):
        cells = (f"{column[row][1]:7.1f} s  {column[row][0]}" if row < len(column) else "" for column in columns)
        yield "".join(f"{cell:<44}" for cell in cells).rstrip()
