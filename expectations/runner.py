"""Run a suite once over the rows of new deliveries and say which deliveries may be read.

rows of the deliveries → temporary table in Postgres → suite → failing rows counted per delivery → `DeliveryVerdict`

Pure: it reads, and writes no verdict. The work is done in Postgres, on one connection with a temporary table: 100,000
rows take 1 to 2 s and no memory to speak of. Without the temporary table they take three times as long; through pandas
twice as long and 240 MB.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, StaticPool, make_url

from expectations.batch import batch_query
from expectations.suites import Suite
from warehouse.errors import PaidMediaError

SAMPLE_ROWS = 10


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


def judge(engine_or_url: Engine | str, suite: Suite, delivery_ids: Sequence[str]) -> list[DeliveryVerdict]:
    """Judge deliveries of one source by its suite, in the order given. A delivery without rows passes.

    Raises `PaidMediaError` when an expectation could not be computed: no verdict is better than a guessed one.
    """
    ids = list(dict.fromkeys(delivery_ids))
    if not ids:
        return []
    findings: list[tuple[str, ExpectationFailure]] = []
    with _validator(_url(engine_or_url), suite.table, ids) as validator:
        # Whether an expectation fails is counted for all of them in one query; its rows cost two queries for each.
        counted = _results(validator, suite.in_great_expectations().expectation_configurations, "BOOLEAN_ONLY")
        failed = [result.expectation_config for result in counted if not result.success]
        for result in _results(validator, failed, _RESULT_FORMAT):
            findings += _per_delivery(validator, suite.table, result)
    return [_verdict(delivery_id, [found for owner, found in findings if owner == delivery_id]) for delivery_id in ids]


# COMPLETE is the only format that hands over the query for the failing rows; what it fetches itself stays small.
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["delivery_id", "source_row"],
    "partial_unexpected_count": SAMPLE_ROWS,
}


@contextmanager
def _validator(url: str, table: str, delivery_ids: Sequence[str]) -> Iterator[Any]:
    """Great Expectations over the rows, on a connection of its own that is closed at the end."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import: nothing is reported to the vendor
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.datasource.fluent import GxDatasourceWarning
    from great_expectations.validator.validator import Validator

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    with warnings.catch_warnings():
        # It recommends its Postgres datasource, which refuses the URL of a socket folder and is otherwise the same.
        warnings.simplefilter("ignore", GxDatasourceWarning)
        # One connection only, because a temporary table lives in the connection that made it.
        datasource = context.data_sources.add_sql(
            "warehouse", connection_string=url, create_temp_table=True, kwargs={"poolclass": StaticPool}
        )
    try:
        asset = datasource.add_query_asset(table, query=batch_query(table, delivery_ids))
        batch = asset.add_batch_definition_whole_table("new deliveries").get_batch()
        # `batch.validate` would make the temporary table once more, each time.
        yield Validator(execution_engine=batch.data.execution_engine, batches=[batch], data_context=context)
    finally:
        datasource.get_execution_engine().engine.dispose()


def _results(validator: Any, configurations: Sequence[Any], result_format: Any) -> list[Any]:
    """What Great Expectations says of each expectation."""
    if not configurations:
        return []
    return list(validator.graph_validate(list(configurations), runtime_configuration={"result_format": result_format}))


def _per_delivery(validator: Any, table: str, result: Any) -> list[tuple[str, ExpectationFailure]]:
    """Count the failing rows of each delivery in Postgres.

    Great Expectations lists only a few failing rows, in no order, so that a guilty delivery could be missing; its query
    for all of them is right for numbers, texts and booleans, but writes a date in a form that Postgres does not know.
    """
    configuration = result.expectation_config
    column = ", ".join(
        str(configuration.kwargs[key]) for key in ("column", "column_A", "column_B") if key in configuration.kwargs
    )
    query = result.result.get("unexpected_index_query")
    if query is None:
        raise PaidMediaError(
            f"{configuration.type} on {column} could not be computed",
            where=table,
            fix=f"see {result.exception_info}",
        )
    grouped = f"""
        select delivery_id, count(*) as failing_rows, (array_agg(source_row order by source_row))[:{SAMPLE_ROWS}]
        from ({query.rstrip().rstrip(";")}) as failing
        group by delivery_id
    """  # noqa: S608  # the library's own query over our temporary table
    with validator.execution_engine.get_connection() as connection:
        rows = connection.exec_driver_sql(grouped).all()
    if (attributed := sum(row.failing_rows for row in rows)) != result.result["unexpected_count"]:
        raise PaidMediaError(
            f"{configuration.type} on {column} failed for {result.result['unexpected_count']} rows, {attributed} found",
            where=table,
            fix="judge the deliveries again; if it stays, the library counts otherwise than it selects",
        )
    return [
        (
            delivery_id,
            ExpectationFailure(
                expectation=configuration.type,
                column=column,
                severity=configuration.severity.value,
                count=count,
                sample_rows=tuple(sample_rows),
                reason=configuration.description or "",
            ),
        )
        for delivery_id, count, sample_rows in rows
    ]


def _verdict(delivery_id: str, findings: Sequence[ExpectationFailure]) -> DeliveryVerdict:
    failures = tuple(found for found in findings if found.severity == "critical")
    warnings = tuple(found for found in findings if found.severity != "critical")
    return DeliveryVerdict(delivery_id, passed=not failures, failures=failures, warnings=warnings)


def _url(engine_or_url: Engine | str) -> str:
    url = engine_or_url.url if isinstance(engine_or_url, Engine) else make_url(engine_or_url)
    return url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
