"""The table of `make torture`: tests/torture.json has a line for each thing repeated, docs/torture.md shows them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse.settings import PROJECT_ROOT

KEPT = PROJECT_ROOT / "tests" / "torture.json"
PAGE = PROJECT_ROOT / "docs" / "torture.md"
HEAD = """# Torture

`make torture` runs the long form of every test that repeats: kills, random histories, generated files, faults. A line
says when, on which commit and on which machine it was measured; a test that fails renews none. `make torture` renews
all lines in hours, `make torture ARGS="tests/histories"` those of one folder; commit this page with
`tests/torture.json`, from which it is made.

| what | cases | what was seen | measured |
| --- | ---: | --- | --- |
"""


@dataclass(frozen=True)
class Line:
    """What was repeated, how often, what came of it; the day, the commit, the processors and the Python of it."""

    what: str
    cases: int
    figures: dict[str, str]
    when: str
    commit: str
    cores: int
    python: str

    @property
    def seen(self) -> str:
        """The figures in words."""
        return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in self.figures.items())

    @property
    def measured(self) -> str:
        """When and where."""
        return f"{self.when}, {self.commit}, {self.cores} cores, Python {self.python}"


def merged(kept: Iterable[Line], new: Iterable[Line]) -> list[Line]:
    """The lines by name: those of a run in the place of older ones, all others as they were."""
    by_name = {line.what: line for line in [*kept, *new]}
    return [by_name[what] for what in sorted(by_name)]


def page(lines: Sequence[Line]) -> str:
    """docs/torture.md."""
    return HEAD + "".join(f"| {each.what} | {each.cases:,} | {each.seen} | {each.measured} |\n" for each in lines)


def read(path: Path = KEPT) -> list[Line]:
    """The lines that are kept; none before the first run."""
    return [Line(**each) for each in json.loads(path.read_text())] if path.exists() else []


def renew(new: Sequence[Line]) -> None:
    """Keep a run's lines, and show them in the page."""
    lines = merged(read(), new)
    KEPT.write_text(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=1) + "\n")
    PAGE.write_text(page(lines))
