"""Say which new deliveries may be read.

deliveries → profile (`profile.py`) → Great Expectations (`decision.py`) → rows of what failed → `DeliveryVerdict`

Pure: it reads, and writes no verdict. Postgres counts all expectations in one scan of the deliveries' rows, and the
library looks at one row per delivery. Over the rows themselves it takes four times as long (docs/decisions, 7).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from expectations.decision import Finding, decide
from expectations.profile import FailingRows, failing_rows, profile
from expectations.suites import Suite
from expectations.suites.expectation import CRITICAL, Expectation
from warehouse.errors import PaidMediaError


@dataclass(frozen=True)
class ExpectationFailure:
    """An expectation that rows of one delivery did not meet.

    `column` names one column, or two joined by a comma; `severity` is critical or warning; `count` is the number of
    rows, `sample_rows` the first ten of them as a spreadsheet numbers them; `reason` says why it is expected.
    """

    expectation: str
    column: str
    severity: str
    count: int
    sample_rows: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class DeliveryVerdict:
    """One delivery: it passed if nothing critical failed."""

    delivery_id: str
    passed: bool
    failures: tuple[ExpectationFailure, ...]
    warnings: tuple[ExpectationFailure, ...]


def judge(engine: Engine, suite: Suite, delivery_ids: Sequence[str]) -> list[DeliveryVerdict]:
    """Judge deliveries of one source by its suite, in the order given. A delivery without rows passes.

    Raises `PaidMediaError` when an expectation could not be computed: no verdict is better than a guessed one.
    """
    ids = list(dict.fromkeys(delivery_ids))
    if not ids:
        return []
    failures: dict[str, list[ExpectationFailure]] = {delivery_id: [] for delivery_id in ids}
    with engine.connect() as connection:
        for finding in decide(suite, profile(connection, suite, ids)):
            for delivery_id, rows in _rows(connection, suite, finding).items():
                failures[delivery_id].append(_failure(finding.expectation, rows))
    return [_verdict(delivery_id, found) for delivery_id, found in failures.items()]


def _rows(connection: Connection, suite: Suite, finding: Finding) -> dict[str, FailingRows]:
    """The rows of what was found, by delivery: as many as were counted."""
    expectation, counted = finding.expectation, finding.failing
    rows = failing_rows(connection, suite, expectation, list(counted))
    selected = {delivery_id: found.count for delivery_id, found in rows.items()}
    if selected != counted:
        raise PaidMediaError(
            f"{expectation.name} on {expectation.column} failed for {sum(counted.values())} rows, "
            f"{sum(selected.values())} found",
            where=suite.table,
            fix="judge the deliveries again; if it stays, `counted_as` counts otherwise than `condition` selects",
        )
    return rows


def _failure(expectation: Expectation, rows: FailingRows) -> ExpectationFailure:
    return ExpectationFailure(
        expectation=expectation.name,
        column=expectation.column,
        severity=expectation.severity,
        count=rows.count,
        sample_rows=rows.sample_rows,
        reason=expectation.meaning,
    )


def _verdict(delivery_id: str, findings: Sequence[ExpectationFailure]) -> DeliveryVerdict:
    failures = tuple(found for found in findings if found.severity == CRITICAL)
    warnings = tuple(found for found in findings if found.severity != CRITICAL)
    return DeliveryVerdict(delivery_id, passed=not failures, failures=failures, warnings=warnings)
