"""docs/torture.md: a run renews its own lines and leaves the others; the page is what tests/torture.json says."""

import ast
import re
from collections.abc import Iterator

from tests.torture_table import PAGE, Line, merged, page, read
from warehouse.settings import PROJECT_ROOT

OLD = {"when": "2026-11-01", "commit": "0000001", "cores": 2, "python": "3.11.2"}
NEW = {"when": "2026-11-28", "commit": "0000002", "cores": 16, "python": "3.12.1"}
BUILDS = Line("kills of a build", 100, {"wrong_states": "0"}, **OLD)
LOADS = Line("kills of a load", 200, {"wrong_states": "0"}, **OLD)


def test_a_line_that_was_measured_again_takes_the_place_of_the_older_one_and_all_others_stay() -> None:
    again = Line("kills of a load", 3_000, {"wrong_states": "0", "torn_rows_unseen": "7"}, **NEW)
    first = Line("histories", 5, {}, **NEW)
    assert merged([BUILDS, LOADS], [again, first]) == [first, BUILDS, again]


def test_a_run_without_lines_changes_nothing() -> None:
    assert merged([BUILDS, LOADS], []) == [BUILDS, LOADS]


def test_a_line_of_the_page_says_what_how_often_what_was_seen_and_where() -> None:
    line = Line("kills of a load", 3_000, {"wrong_states": "0", "torn_rows_unseen": "7"}, **NEW)
    shown = (
        "kills of a load | 3,000 | wrong states 0, torn rows unseen 7 | 2026-11-28, 0000002, 16 cores, Python 3.12.1"
    )
    assert page([line]).splitlines()[-1] == f"| {shown} |"


def test_the_page_is_what_is_kept() -> None:
    assert read() == merged(read(), [])
    assert PAGE.read_text() == page(read())


def test_every_line_is_one_that_a_test_reports() -> None:
    """A test that is renamed or gone takes its line with it."""
    names = list(reported())
    assert [line.what for line in read() if not any(name.fullmatch(line.what) for name in names)] == []


def reported() -> Iterator[re.Pattern[str]]:
    """What the tests call their lines; what they put into a name can be anything."""
    for path in (PROJECT_ROOT / "tests").rglob("test_*.py"):
        text = path.read_text()
        if "from tests.sizes import" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "report":
                (name, *_) = node.args
                parts = name.values if isinstance(name, ast.JoinedStr) else [name]
                yield re.compile(
                    "".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in parts)
                )
