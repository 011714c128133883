"""Why a dbt test failed: its first failing rows, as the description of its asset check.

dbt reports a number of rows only; the rows name the client, the day, the hop.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation
from sqlalchemy import Engine

ROWS_SHOWN = 3


def with_reasons(events: Iterator[Any], invocation: DbtCliInvocation, engine: Engine) -> Iterator[Any]:
    """Pass events on; failed checks come last, each with its first failing rows."""
    failed: list[dg.AssetCheckResult] = []
    for event in events:
        if isinstance(event, dg.AssetCheckResult) and not event.passed:
            failed.append(event)
        else:
            yield event
    results = invocation.get_artifact("run_results.json")["results"] if failed else []
    for check in failed:
        yield check._replace(description=reason(str(check.check_name), results, engine))


def reason(test: str, results: Sequence[dict[str, Any]], engine: Engine) -> str:
    """`2 rows, such as client_id=acme date=2026-11-01; …`, or dbt's own message where the test has no rows."""
    found = next((each for each in results if each["unique_id"].split(".")[2] == test), None)
    if found is None:
        return "failed"
    if found["status"] != "fail" or not found.get("compiled_code"):
        return " ".join(str(found.get("message") or found["status"]).split())
    query = f"select * from ({found['compiled_code']}) as failing limit {ROWS_SHOWN}"  # noqa: S608 – dbt's own query
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(query.replace("%", "%%")).mappings().all()
    shown = "; ".join(" ".join(f"{name}={value}" for name, value in row.items()) for row in rows)
    return (
        f"{found['failures']} rows: {shown}"
        if found["failures"] <= ROWS_SHOWN
        else f"{found['failures']} rows, such as {shown}"
    )
