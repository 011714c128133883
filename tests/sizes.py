"""How much of the suite runs, and how often a repeated test repeats.

| asked with | runs | a repeated test |
| --- | --- | --- |
| `make test`: `--part quick` | all but what is marked `heavy` | `quick` times |
| `make test-all`: that, then `--part rest` | what is marked `heavy` or `grows` | `whole` times |
| `pytest PATH` | everything there | `whole` times |
| `make torture` | what is marked `torture` | `long` times; each reports a line |

What is marked `long` runs in `make torture` only, or where its file is named.

A test that repeats takes its size from `cases`. It is marked `grows` where `whole` is more than `quick`, and `torture`
where `long` is more than `whole`; then it ends with `report`.
"""

import json
import os
from pathlib import Path

FIGURES = "PAIDMEDIA_TORTURE"  # where the long form writes its figures, one line of JSON each; unset in the other forms
PART = "PAIDMEDIA_TEST_PART"  # "quick" or "rest": what `--part` says, for modules that ask when they are imported
PARTS = ("quick", "rest")


def is_long() -> bool:
    """Whether this is the long form."""
    return FIGURES in os.environ


def is_quick() -> bool:
    """Whether this is the part that `make test` runs."""
    return os.environ.get(PART) == "quick"


def cases(whole: int, long: int, *, quick: int | None = None) -> int:
    """The number of cases of a test in this form; where `quick` is not said, it is `whole`."""
    if is_long():
        return long
    return quick if is_quick() and quick is not None else whole


def report(what: str, count: int, **figures: object) -> None:
    """One line of the long form's table: what was repeated, how often, and what came of it, in words and numbers."""
    if is_long():
        line = json.dumps(
            {"what": what, "cases": count, "figures": {key: str(value) for key, value in figures.items()}}
        )
        with Path(os.environ[FIGURES]).open("a") as file:
            file.write(line + "\n")
