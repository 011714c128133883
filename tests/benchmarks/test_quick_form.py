"""`make bench-quick`, as CI runs it: every number right, and nothing said of time."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from benchmarks.day import check
from benchmarks.report import AIMS, PAGE_KEYS
from benchmarks.sizes import QUICK
from benchmarks.stretch import is_stretched, stretch
from benchmarks.world import world
from tests.conftest import server_home
from warehouse.postgres import embedded
from warehouse.settings import PROJECT_ROOT

# What the product says of so many rows, tests/orchestration and tests/histories see; this sees the benchmark itself.
pytestmark = [pytest.mark.torture, pytest.mark.long]

MEASURED = [aim for aim in AIMS if aim.key not in PAGE_KEYS.values()]  # the small form opens no pages
COMMAND = [sys.executable, "-m", "benchmarks", "--quick"]
ROW_TABLES = {"surfside": "media_report", "vibe": "performance_report", "facebook": "ads_export"}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home for a run."""
    with server_home() as folder:
        yield folder


@pytest.fixture(scope="module")
def printed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What a run says, and the folder of its results."""
    kept = tmp_path_factory.mktemp("kept")
    environment = os.environ | {"PAIDMEDIA_HOME": str(kept)}
    done = subprocess.run(
        [*COMMAND, "--home", str(home)], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout, kept / "benchmarks"


def shape(home: Path, source: str, table: str, day_column: str) -> dict[object, dict[str, int]]:
    """By day: how many rows of a raw table have a value in each column."""
    connection = psycopg2.connect(embedded.start(home))
    query = f"""
        select {day_column}, key, count(*) from raw_{source}.{table} as t, jsonb_each(to_jsonb(t))
        where value <> 'null' and key <> 'dagster_run_id' and delivery_id not in (
            select delivery_id from raw_{source}.delivery_days group by delivery_id, client_id, date
            having (select count(*) from raw_{source}.delivery_days as all_days
                where (all_days.client_id, all_days.date) = (delivery_days.client_id, delivery_days.date)) > 1
        )
        group by 1, 2
    """
    found: dict[object, dict[str, int]] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            for day, column, count in cursor.fetchall():
                found.setdefault(day, {})[column] = count
    finally:
        connection.close()
    return found


def test_every_number_is_right_and_the_claims_are_written(printed: tuple[str, Path]) -> None:
    said, kept = printed
    slices = QUICK.clients * 3 * QUICK.days + 1  # and the uploaded day
    assert f"every number is right: {slices:,} slices" in said
    results = json.loads((kept / "results.json").read_text())
    assert set(results) == {aim.key for aim in MEASURED} | {"machine", "versions", "commit", "rows", "stages"}
    assert all(results[aim.key] > 0 for aim in MEASURED)
    for level in QUICK.levels:
        day = results["stages"][f"day {level}"]
        assert sum(day["stages"].values()) == pytest.approx(day["seconds"])
    page = (kept / "benchmarks.md").read_text()
    assert all(aim.says in page for aim in MEASURED)


def test_history_has_the_shape_of_loaded_days(printed: tuple[str, Path], home: Path) -> None:
    _, filled, loaded = QUICK.dates
    for source, rows in ROW_TABLES.items():
        for table, day_column in ((rows, "date"), ("deliveries", "covers_from"), ("delivery_days", "date")):
            found = shape(home, source, table, day_column)
            clients = QUICK.clients - (source == "surfside")  # the corrected one came twice
            per_client = {
                day: {column: count / (QUICK.clients if day == filled else clients) for column, count in each.items()}
                for day, each in found.items()
            }
            assert per_client[filled] == per_client[loaded], (source, table)
    embedded.stop(home)


def test_a_home_that_is_done_is_not_measured_again_unless_asked(printed: tuple[str, Path], home: Path) -> None:
    before = json.loads((home / "bench" / "figures.json").read_text())["steps"]
    done = subprocess.run(
        [*COMMAND, "--home", str(home), "--only", "floor"],
        cwd=PROJECT_ROOT, env=os.environ | {"PAIDMEDIA_HOME": str(printed[1].parent)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    after = json.loads((home / "bench" / "figures.json").read_text())["steps"]
    assert {name for name in before if before[name] != after[name]} == {"floor 1", "floor 3"}


def test_copied_days_have_the_sums_of_their_templates_and_the_home_takes_no_other_step(
    printed: tuple[str, Path], home: Path
) -> None:
    with world(QUICK, home) as started:
        assert not is_stretched(started)
        before = check(started)
        assert stretch(started, days=8, tell=lambda _: None) == QUICK.days + 1  # and the uploaded day
        assert stretch(started, days=8, tell=lambda _: None) == QUICK.days + 1
        assert check(started) > before
        assert len({when for _, _, when in started.expected.slices}) == 8
    refused = subprocess.run(
        [*COMMAND, "--home", str(home), "--only", "queries"],
        cwd=PROJECT_ROOT, env=os.environ | {"PAIDMEDIA_HOME": str(printed[1].parent)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "the marts of this home were stretched" in refused.stderr


def test_a_stopped_run_leaves_no_process() -> None:
    with server_home() as folder:
        process = subprocess.Popen(
            [*COMMAND, "--home", str(folder)], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert any("first build" in line for line in process.stdout)
        time.sleep(2)  # into the build
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
        every = psutil.process_iter(["environ", "cmdline"])
        left = [each.info["cmdline"] for each in every if str(folder) in str(each.info)]
        assert left == []
