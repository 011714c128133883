"""`make run`: exit 0, every number as planned to the last digit, the same again the second time."""

import re
import shutil
from collections import Counter
from pathlib import Path

import dagster as dg
import psycopg2
import pytest

from tests.end_to_end.conftest import FinishedRun, run
from warehouse.settings import PROJECT_ROOT

pytestmark = pytest.mark.xdist_group("end_to_end")

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
    assert len(re.findall(r"^✓ [\w-]+ +(?:USD|EUR) +[\d,]+ ", finished_run.output, re.MULTILINE)) == 9
    assert "✗" not in finished_run.output
    assert "make serve" in finished_run.output


def test_the_one_warning_is_announced_before_it_appears(finished_run: FinishedRun) -> None:
    lines = finished_run.output.splitlines()
    (warning,) = (number for number, line in enumerate(lines) if line.startswith("Warning: "))
    (announced,) = (number for number, line in enumerate(lines) if "It is planted" in line)
    assert "the total row differs from the sum of the rows" in lines[warning]
    (upload,) = (line for line in lines[announced:warning] if line.startswith("$ paidmedia"))
    assert all("harbor-pine" in line for line in (lines[announced], upload, lines[warning]))


@pytest.fixture
def silent(tmp_path: Path) -> str:
    """The setting of a Dagster whose daemon never ran: after `make serve` it counts as alive for half an hour."""
    shutil.copy(PROJECT_ROOT / "dagster.yaml", tmp_path)
    return f"DAGSTER_HOME={tmp_path}"


def test_the_doctor_finds_nothing_bad_in_the_demo_whose_servers_stand_still(
    finished_run: FinishedRun, silent: str
) -> None:
    finished_run.command("paidmedia", "db", "stop")
    answer = finished_run.command("env", silent, "paidmedia", "doctor")
    assert (answer.returncode, "BAD" in answer.stdout) == (0, False), answer.stdout
    assert len(re.findall("^ok .*made up by make run", answer.stdout, re.MULTILINE)) == 2
    assert "Dagster does not run now" in answer.stdout


@pytest.mark.parametrize(
    ("setting", "says"),
    [("VIBE_API_BASE_URL=http://127.0.0.1:9/rest", "127.0.0.1:9 takes no connection"),
     pytest.param("S3_BUCKET_NAME=our-bucket", "BAD      surfside", marks=pytest.mark.heavy)],
)  # fmt: skip
def test_with_a_source_of_ones_own_the_doctor_asks_it_and_wants_dagster(
    finished_run: FinishedRun, silent: str, setting: str, says: str
) -> None:
    own = ("AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", setting)
    answer = finished_run.command("env", silent, *own, "paidmedia", "doctor")
    assert answer.returncode == 1, answer.stdout
    assert says in answer.stdout
    assert "the SENSOR daemon is silent" in answer.stdout
    assert "made up" not in answer.stdout


def test_with_a_client_of_ones_own_the_doctor_takes_the_home_for_a_real_one(
    copied_run: FinishedRun, silent: str
) -> None:
    rate = ("--cpm", "9", "--currency", "USD", "--from", "2025-01-01")
    copied_run.command("paidmedia", "client", "add", "our-own", "--name", "Our own", *rate)
    answer = copied_run.command("env", silent, "paidmedia", "doctor")
    copied_run.command("paidmedia", "client", "disable", "our-own")
    assert answer.returncode == 1, answer.stdout
    assert "the SENSOR daemon is silent" in answer.stdout
    assert copied_run.command("env", silent, "paidmedia", "doctor").returncode == 0


def test_a_run_never_prints_a_key(finished_run: FinishedRun) -> None:
    assert "--api-key •••" in finished_run.output
    assert "sandbox-key" not in finished_run.output


@pytest.mark.torture
@pytest.mark.long  # tests/orchestration/test_cli_loads.py: the same again changes nothing
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
