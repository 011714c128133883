"""Great Expectations on what is new, as blocking checks of the raw assets.

A delivery that fails its suite is held: raw keeps it, no build reads it, until `paidmedia release` or a newer delivery.
"""

from typing import Any

import dagster as dg

from loaders.registry import registry
from orchestration.lib import names
from orchestration.lib.judging import expectations_result, judge_pending


def expectations_check(source: str) -> dg.AssetChecksDefinition:
    """Judge every delivery of a source that has no verdict yet."""

    @dg.asset_check(
        asset=names.row_key(source),
        name=names.EXPECTATIONS_CHECK,
        blocking=True,
        description=f"The Great Expectations suite of {source} on its new deliveries; a failing one is held.",
    )
    def expectations(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        from warehouse import logs
        from warehouse.settings import get_settings

        with logs.about(run_id=context.run.run_id):
            verdicts = judge_pending(get_settings(), source)
        context.log.info(f"judged {len(verdicts)} deliveries of {source}")
        return expectations_result(verdicts)

    return expectations


def judge_jobs() -> list[Any]:
    """Judge without loading: for deliveries whose load ended between landing and verdict."""
    return [
        dg.define_asset_job(
            names.judge_job(source),
            selection=dg.AssetSelection.checks(names.expectations_key(source)),
            description=f"Judge deliveries of {source} that have no verdict.",
        )
        for source in registry()
    ]


@dg.definitions
def defs() -> dg.Definitions:
    """One check and one judging job per source."""
    return dg.Definitions(
        asset_checks=[expectations_check(source) for source in registry()],
        jobs=judge_jobs(),
    )
