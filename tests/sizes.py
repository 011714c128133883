"""How often a repeated test repeats: quick in each run of the suite, long under `make torture`, which shows a table.

A test that has a long form is marked `torture`, takes its size from `cases` and ends with `report`.
"""

import json
import os
from pathlib import Path

FIGURES = "PAIDMEDIA_TORTURE"  # where the long form writes its figures, one line of JSON each; unset in the quick form


def is_long() -> bool:
    """Whether this is the long form."""
    return FIGURES in os.environ


def cases(quick: int, long: int) -> int:
    """The number of cases of a test in this form."""
    return long if is_long() else quick


def report(what: str, count: int, **figures: object) -> None:
    """One line of the long form's table: what was repeated, how often, and what came of it, in words and numbers."""
    if is_long():
        line = json.dumps(
            {"what": what, "cases": count, "figures": {key: str(value) for key, value in figures.items()}}
        )
        with Path(os.environ[FIGURES]).open("a") as file:
            file.write(line + "\n")
