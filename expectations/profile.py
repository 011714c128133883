"""The profile of deliveries: for each one row with a count of failing rows for each expectation, in one scan.

suite → one query → counts per delivery → (`decision.py`) → the rows of what fails

A condition may name each column of the raw table, and of the delivery that the row belongs to: `as_of_day` (UTC),
`declared_days` (an array), `client_currency`. The one of `source_row_comes_once` names `copy`, 1 for the first row of a
source row, which costs a sort and is therefore there for what failed only. What is counted is everything that the raw
table has of the delivery in its whole package; a package that never became whole is none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError, ProgrammingError

from expectations.suites import Suite
from expectations.suites.expectation import Expectation
from warehouse.errors import PaidMediaError

SAMPLE_ROWS = 10
Profile = Mapping[str, Mapping[str, int]]  # delivery → name of an expectation → failing rows
_CANNOT_COMPUTE = (DataError, ProgrammingError)


@dataclass(frozen=True)
class FailingRows:
    """How many rows of a delivery fail, and the first ten of them as a spreadsheet numbers them."""

    count: int
    sample_rows: tuple[int, ...]


def profile(connection: Connection, suite: Suite, delivery_ids: Sequence[str]) -> Profile:
    """Count the failing rows of each delivery for each expectation, in one scan. A delivery without rows has zeros.

    Raises `PaidMediaError` that names the expectation which Postgres cannot compute.
    """
    expectations = suite.expectations()
    try:
        return _counted(connection, suite, expectations, delivery_ids)
    except _CANNOT_COMPUTE:
        for each in expectations:
            _try_alone(connection, suite, each, delivery_ids)
        raise


def failing_rows(
    connection: Connection, suite: Suite, expectation: Expectation, delivery_ids: Sequence[str]
) -> dict[str, FailingRows]:
    """The rows of these deliveries that do not meet one expectation, by delivery."""
    query = f"""
        {_JUDGED}
        select judged.delivery_id, failing.failing_rows, failing.sample_rows
        from judged
        cross join lateral (
            select
                count(*) as failing_rows,
                (array_agg(source_row order by source_row))[1:{SAMPLE_ROWS}] as sample_rows
            from (
                select rows.*, row_number() over (partition by rows.source_row) as copy
                from {_rows_of_delivery(suite)}
            ) as delivered
            where not ({expectation.condition})
        ) as failing
        where failing.failing_rows > 0
    """  # noqa: S608  # names and conditions are ours
    found = connection.execute(text(query), {"source": suite.source, "ids": list(delivery_ids)})
    return {row.delivery_id: FailingRows(row.failing_rows, tuple(row.sample_rows)) for row in found}


def _counted(
    connection: Connection, suite: Suite, expectations: Sequence[Expectation], delivery_ids: Sequence[str]
) -> Profile:
    counts = ", ".join(f"{each.count} as {each.name}" for each in expectations)
    query = f"""
        {_JUDGED}
        select judged.delivery_id, counted.*
        from judged
        cross join lateral (select {counts} from {_rows_of_delivery(suite)}) as counted
    """  # noqa: S608  # names and conditions are ours
    with connection.begin_nested():
        found = connection.execute(text(query), {"source": suite.source, "ids": list(delivery_ids)}).mappings()
        return {row["delivery_id"]: {each.name: row[each.name] for each in expectations} for row in found}


def _try_alone(connection: Connection, suite: Suite, expectation: Expectation, delivery_ids: Sequence[str]) -> None:
    try:
        _counted(connection, suite, [expectation], delivery_ids)
    except _CANNOT_COMPUTE as error:
        raise PaidMediaError(
            f"{expectation.name} on {expectation.column} could not be computed",
            where=f"{suite.table}: {str(error.orig).splitlines()[0]}",
            fix="mend its condition in expectations/suites, or the column; then: paidmedia build",
        ) from error


def _rows_of_delivery(suite: Suite) -> str:
    return f"""
        {suite.table} as rows
        where rows.delivery_id = judged.delivery_id and rows._dlt_load_id = any(judged.load_ids)
    """


# Delivery by delivery, so that the index leads to the rows, and the distinct source rows of one are sorted in memory.
_JUDGED = """
    with judged as materialized (
        select
            asked.delivery_id,
            cast(max(deliveries.as_of) at time zone 'UTC' as date) as as_of_day,
            max(clients.currency) as client_currency,
            array_agg(deliveries.load_id) as load_ids,
            array(
                select days.date from ledger.delivery_days as days
                where days.source = :source and days.delivery_id = asked.delivery_id
            ) as declared_days
        from unnest(cast(:ids as text[])) as asked (delivery_id)
        left join ledger.deliveries as deliveries
            on asked.delivery_id = deliveries.delivery_id and deliveries.source = :source
        left join control.clients as clients on deliveries.client_id = clients.client_id
        group by asked.delivery_id
    )
"""
