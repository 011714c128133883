"""The table of `make run`: whole numbers at every width, a mark per line, and every cell that differs."""

from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from sandbox import table
from sandbox.plan import MediaPlan
from sandbox.truth import KPI_NAMES, Totals, totals
from sandbox.world import DAYS

Planned = dict[tuple[str, str], Totals]
Delivered = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def planned() -> Planned:
    """As large as what `make run` delivers."""
    return totals(MediaPlan.generate(days=DAYS, last_day=date(2026, 11, 28)))


@pytest.fixture
def delivered(planned: Planned) -> Delivered:
    """Marts in which everything is as planned."""
    return {
        key: {"currency": each.currency} | {name: getattr(each, name) for name in KPI_NAMES}
        for key, each in planned.items()
    }


def shown(planned: Planned, delivered: Delivered, width: int) -> list[str]:
    """The lines on a terminal of that width, before it folds them."""
    screen = Console(file=StringIO(), width=width, force_terminal=True, color_system=None, highlight=False)
    table.show(screen, delivered, table.differences(planned, delivered))
    assert isinstance(screen.file, StringIO)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [100, 180])
def test_a_hundred_columns_hold_a_line_per_client_below_its_source(
    planned: Planned, delivered: Delivered, width: int
) -> None:
    lines = shown(planned, delivered, width)
    assert max(map(len, lines)) <= 100
    assert [line for line in lines if line in ("surfside", "vibe", "facebook")] == ["surfside", "vibe", "facebook"]
    assert lines[4] == (
        "✓ harbor-pine       USD   3,982,353  6,384       1,616 120,297.49 50,315.63 0.16  7.88 31.14 239.09"
    )
    assert sum(line.startswith("✓ ") for line in lines) == len(planned) == 9
    assert lines[1].split() == ["client", *(name.replace("conversion_", "") for name in KPI_NAMES)]


@pytest.mark.parametrize("width", [80, 40])
def test_a_narrower_terminal_gets_two_tables_with_the_same_whole_numbers(
    planned: Planned, delivered: Delivered, width: int
) -> None:
    whole, halves = shown(planned, delivered, 100), shown(planned, delivered, width)
    assert not any("…" in line for line in halves)
    assert max(map(len, halves[1:])) <= 80
    numbers = [line.split()[3:] for line in whole if line.startswith("✓")]
    found = [line.split()[3:] for line in halves if line.startswith("✓")]
    assert [sums + ratios for sums, ratios in zip(found[:9], found[9:], strict=True)] == numbers


def test_a_line_that_differs_or_is_missing_is_marked_and_every_number_is_named(
    planned: Planned, delivered: Delivered
) -> None:
    delivered["harbor-pine", "vibe"]["impressions"] += 1
    delivered["harbor-pine", "surfside"]["ctr"] += Decimal("1e-12")  # less than people see
    del delivered["cafe-lumiere", "facebook"]
    wrong = table.differences(planned, delivered)
    assert {key for key, lines in wrong.items() if lines} == {("harbor-pine", "vibe"), ("cafe-lumiere", "facebook")}
    assert wrong["harbor-pine", "vibe"] == ["impressions is 917672, planned 917671"]
    marked = [line.split()[1] for line in shown(planned, delivered, 100) if line.startswith("✗")]
    assert marked == ["harbor-pine", "cafe-lumiere"]
