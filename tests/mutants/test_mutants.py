"""The list of planted faults fits the files, and its runner tells a fault that is noticed from a change that is not.

`make torture` plants all of them; `python -m tests.mutants NAME` one.
"""

import ast
from collections import Counter
from dataclasses import replace

import pytest

from tests.mutants import run
from tests.mutants.faults import FAULTS, PYTHON, SQL, Fault
from tests.sizes import is_long, report

ROOMS = {"warehouse", "loaders", "expectations", "serving", "orchestration", "streamlit_app", "dbt_project"}
NAMES = [fault.name for fault in FAULTS]
QUICK = next(fault for fault in FAULTS if fault.name == "a-hot-month-too-few")


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_fault_fits_its_file_and_its_tests_are_there(fault: Fault) -> None:
    text = (run.ROOT / fault.path).read_text()
    assert text.count(fault.was) == 1
    assert fault.becomes != fault.was
    assert [path for path in fault.tests if not (run.ROOT / path).exists()] == []
    if fault.path.endswith(".py"):
        before, after = (ast.dump(ast.parse(each)) for each in (text, text.replace(fault.was, fault.becomes)))
        assert before != after


def test_the_faults_are_of_all_rooms_and_at_most_two_of_a_file() -> None:
    assert len(set(NAMES)) == len(NAMES) == 42
    assert [fault.path for fault in SQL if not fault.path.endswith(".sql")] == []
    assert [fault.path for fault in PYTHON if not fault.path.endswith(".py")] == []
    assert (len(SQL), len(PYTHON)) == (20, 22)
    assert {fault.path.split("/")[0] for fault in FAULTS} == ROOMS
    assert max(Counter(fault.path for fault in FAULTS).values()) <= 2


@pytest.mark.parametrize(
    ("code", "said", "outcome"),
    [
        (1, "FAILED tests/a/test_b.py::test_c[x y] - assert 1 == 2", "caught"),
        (1, "ERROR tests/a/test_b.py::test_c - AssertionError: Failure in unit_test test_d (models/e.yml)", "caught"),
        (0, "3 passed", "survived"),
        (1, "ERROR tests/a/test_b.py - ImportError: cannot import name", "undecided"),
        (2, "FAILED tests/a/test_b.py::test_c\n!!! KeyboardInterrupt !!!", "undecided"),
        (5, "no tests ran", "undecided"),
        (None, "", "undecided"),
    ],
)
def test_only_a_test_that_ran_and_failed_catches(code: int | None, said: str, outcome: str) -> None:
    assert run.judged(code, said)[0] == outcome


@pytest.mark.torture
def test_planted_faults_are_noticed_and_a_harmless_change_is_not() -> None:
    harmless = replace(QUICK, name="harmless", becomes=f"{QUICK.was}  # nothing else")
    with run.checkout() as files:
        if not is_long():
            nearest = QUICK.tests[:1]
            found = [run.examine(replace(fault, tests=nearest), files) for fault in (QUICK, harmless)]
            assert [each.outcome for each in found] == ["caught", "survived"], found
            return
        control = run.control(FAULTS, files)
        assert control.outcome == "survived", control
        found = [run.examine(fault, files, whole=True) for fault in FAULTS]
    others = {each.name: (each.outcome, each.by) for each in found if each.outcome != "caught"}
    report(
        "planted faults", len(found), caught=len(found) - len(others), others=", ".join(others) or "none",
        longest=f"{max(each.seconds for each in found):.0f} s",
    )  # fmt: skip
    assert others == {}
