"""Great Expectations decides: of each expectation it expects that no delivery has a failing row.

profile, one row per delivery → suite of Great Expectations over its columns → what was found

The library's suite says of each expectation what it means, how severe it is, and, as `meta`, its column and condition;
its result, the greatest number of failing rows that a delivery has.
"""

import os
from dataclasses import dataclass
from typing import Any

from expectations.profile import Profile
from expectations.suites import Suite
from expectations.suites.expectation import Expectation
from warehouse.errors import PaidMediaError


@dataclass(frozen=True)
class Finding:
    """An expectation that rows of some deliveries do not meet: how many, by delivery."""

    expectation: Expectation
    failing: dict[str, int]


def decide(suite: Suite, counts: Profile) -> list[Finding]:
    """What Great Expectations finds in the counts of at least one delivery, in the order of the suite.

    Raises `PaidMediaError` when it could not look at a count: no verdict is better than a guessed one.
    """
    results = {result.expectation_config.kwargs["column"]: result for result in validate(suite, counts).results}
    findings = []
    for expectation in suite.expectations():
        by_delivery = {delivery_id: found.get(expectation.name) for delivery_id, found in counts.items()}
        failing = {delivery_id: count for delivery_id, count in by_delivery.items() if count}
        _check(suite, expectation, results.get(expectation.name), by_delivery)
        if not results[expectation.name].success:
            findings.append(Finding(expectation, failing))
    return findings


def validate(suite: Suite, counts: Profile) -> Any:
    """The result of Great Expectations over the counts, which its own renderers turn into documents."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import: nothing is reported to the vendor
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("warehouse").add_dataframe_asset(suite.table)
    rows = pd.DataFrame([{"delivery_id": delivery_id, **found} for delivery_id, found in counts.items()])
    batch = asset.add_batch_definition_whole_dataframe("new deliveries").get_batch({"dataframe": rows})
    return batch.validate(in_great_expectations(suite), result_format="BASIC")


def in_great_expectations(suite: Suite) -> Any:
    """The library's own suite over the profile, named as the table."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name=suite.table,
        expectations=[
            # A map expectation would name the deliveries as well, for five times the work.
            gxe.ExpectColumnMaxToBeBetween(
                column=each.name,
                min_value=0,
                max_value=0,
                severity=each.severity,
                description=each.meaning,
                meta={"column": each.column, "condition": each.condition},
            )
            for each in suite.expectations()
        ],
    )


def _check(suite: Suite, expectation: Expectation, result: Any, by_delivery: dict[str, int | None]) -> None:
    """The library passes over a missing count, and says of an expectation that it could not compute that it failed."""
    told = result.result.get("observed_value") if result is not None else None
    if None in by_delivery.values() or told != max(count or 0 for count in by_delivery.values()):
        raise PaidMediaError(
            f"{expectation.name} on {expectation.column} could not be computed",
            where=suite.table,
            fix=f"see what Great Expectations says: {None if result is None else result.exception_info}",
        )
