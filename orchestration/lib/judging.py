"""Judge new deliveries with Great Expectations, keep the verdicts, and say what failed.

deliveries without a verdict → suite → `control.delivery_verdicts` → check result
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg

from expectations.suites import Suite
from loaders.registry import source_of
from warehouse import logs
from warehouse.deliveries import verdicts
from warehouse.postgres import database
from warehouse.settings import Settings

if TYPE_CHECKING:
    from expectations.runner import DeliveryVerdict, ExpectationFailure


def suite_of(source: str) -> Suite:
    """What is expected of a row of a source. Raises `PaidMediaError` for an unknown one."""
    known = source_of(source)
    return Suite(table=f"raw_{source}.{known.row_table}", **vars(known.expectations))


def judge_pending(settings: Settings, source: str) -> "list[DeliveryVerdict]":
    """Judge every whole delivery of a source that has no verdict, and keep the verdicts. No work, no import."""
    with database.session(settings) as current:
        owners = dict(verdicts.pending(current, source))
    if not owners:
        return []
    from expectations.runner import judge

    judged = judge(database.engine(settings), suite_of(source), list(owners))
    with database.session(settings) as current:
        verdicts.record(
            current,
            source,
            [
                verdicts.Judgement(each.delivery_id, owners[each.delivery_id], [_entry(f) for f in each.failures])
                for each in judged
            ],
        )
    for each in judged:
        verdict = "passed" if each.passed else "held"
        logs.logger(settings).info(
            "verdict", delivery_id=each.delivery_id, source=source, client_id=owners[each.delivery_id], verdict=verdict
        )
    return judged


def expectations_result(judged: "Sequence[DeliveryVerdict]") -> dg.AssetCheckResult:
    """Failed when a delivery is held; names each failing expectation with its count and sample rows."""
    held = [each for each in judged if not each.passed]
    lines = [f"{each.delivery_id} is held: {_summary(failure)}" for each in held for failure in each.failures]
    return dg.AssetCheckResult(
        passed=not held,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(lines) or None,
        metadata={
            "deliveries": len(judged),
            "held": dg.MetadataValue.json({each.delivery_id: [_entry(f) for f in each.failures] for each in held}),
            "warnings": dg.MetadataValue.json(
                {each.delivery_id: [_entry(w) for w in each.warnings] for each in judged if each.warnings}
            ),
        },
    )


def _summary(failure: "ExpectationFailure") -> str:
    rows = ", ".join(str(row) for row in failure.sample_rows)
    return f"{failure.expectation} on {failure.column}: {failure.count} rows, such as {rows}. {failure.reason}".strip()


def _entry(failure: "ExpectationFailure") -> dict[str, Any]:
    return asdict(failure) | {"sample_rows": list(failure.sample_rows), "summary": _summary(failure)}
