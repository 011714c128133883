"""Why a dbt test failed: its first failing rows, as the description of its asset check.

dbt reports a number of rows only; the rows name the client, the day, the hop.
"""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation
from sqlalchemy import Engine

from orchestration.lib.dbt_errors import Results, lost_database
from warehouse.postgres.database import reachable

RESULTS = "run_results.json"
ROWS_SHOWN = 3


def with_reasons(events: Iterator[Any], invocation: DbtCliInvocation, engine: Engine) -> Iterator[Any]:
    """Pass events on; failed checks come last, each with its first failing rows. None that a lost database failed."""
    failed: list[dg.AssetCheckResult] = []
    for event in events:
        if isinstance(event, dg.AssetCheckResult) and not event.passed:
            failed.append(event)
        else:
            yield event
    results = results_of(invocation) if failed else []
    if lost_database(None, results) is not None:
        return
    for check in failed:
        yield check._replace(description=reason(str(check.check_name), results, engine))


def results_of(invocation: DbtCliInvocation) -> Results:
    """What dbt says of each model and test; empty where it ended before it could."""
    path = invocation.target_path / RESULTS
    results: Results = json.loads(path.read_text())["results"] if path.exists() else []
    return results


def reason(test: str, results: Results, engine: Engine) -> str:
    """`2 rows, such as client_id=acme date=2026-11-01; …`, or dbt's own message where the test has no rows."""
    found = next((each for each in results if each["unique_id"].split(".")[2] == test), None)
    if found is None:
        return "failed"
    if found["status"] not in ("fail", "warn") or not found.get("compiled_code"):
        return " ".join(str(found.get("message") or found["status"]).split())
    query = f"select * from ({found['compiled_code']}) as failing limit {ROWS_SHOWN}"  # noqa: S608 – dbt's own query
    with reachable(), engine.connect() as connection:
        rows = connection.exec_driver_sql(query.replace("%", "%%")).mappings().all()
    shown = "; ".join(" ".join(f"{name}={value}" for name, value in row.items()) for row in rows)
    return (
        f"{found['failures']} rows: {shown}"
        if found["failures"] <= ROWS_SHOWN
        else f"{found['failures']} rows, such as {shown}"
    )
