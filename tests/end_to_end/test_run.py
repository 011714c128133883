"""`make run`: exit 0, every number as planned to the last digit, the same again the second time."""

import re
from collections import Counter

import dagster as dg
import psycopg2
import pytest

from tests.end_to_end.conftest import FinishedRun, run

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.slow]

FIGURES = """
    select client_id, date, source, creative_id, impressions, clicks, conversions, conversion_revenue, cpm, spend
    from marts.daily_metrics order by 1, 2, 3, 4
"""


def figures(finished: FinishedRun) -> list[tuple]:
    """Every row of the fact."""
    with psycopg2.connect(finished.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(FIGURES)
        return cursor.fetchall()


def test_a_run_ends_well_with_every_number_as_planned(finished_run: FinishedRun) -> None:
    assert finished_run.returncode == 0, finished_run.output[-3000:]
    rows = re.findall(r"│ [\w-]+ +│ (surfside|vibe|facebook) .*│ +(yes|no) +│", finished_run.output)
    assert len(rows) == 9
    assert {verdict for _, verdict in rows} == {"yes"}
    assert "make serve" in finished_run.output


def test_a_run_never_prints_a_key(finished_run: FinishedRun) -> None:
    assert "--api-key •••" in finished_run.output
    assert "sandbox-key" not in finished_run.output


def test_a_second_run_changes_no_number(finished_run: FinishedRun) -> None:
    before = figures(finished_run)
    again = run(finished_run.home)
    assert again.returncode == 0, again.output[-3000:]
    assert figures(finished_run) == before
    assert len(before) > 1000


def test_the_runs_are_in_dagsters_history(finished_run: FinishedRun) -> None:
    with dg.DagsterInstance.from_config(str(finished_run.home / "dagster")) as instance:
        jobs = Counter(run.job_name for run in instance.get_runs() if run.is_success)
    assert jobs.keys() == {"surfside_load", "vibe_load", "facebook_load", "build"}
