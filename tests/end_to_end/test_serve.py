"""`make serve`: Dagster, the app, the dbt docs and the metrics answer, and end together when asked to."""

import re
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.servers import everything

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.slow]


def test_the_four_servers_answer_and_stop_together(finished_run: FinishedRun, tmp_path: Path) -> None:
    output = tmp_path / "serve.log"
    with everything(finished_run.environment, output) as (process, urls):
        with urllib.request.urlopen(urls["docs"]) as answer:
            assert b"dbt" in answer.read(100_000)
        with urllib.request.urlopen(f"{urls['metrics']}/metrics") as answer:
            assert b"paidmedia_database_up 1.0" in answer.read()
        with urllib.request.urlopen(f"{urls['streamlit']}/metrics") as answer:
            assert b"paidmedia_query_seconds_bucket" in answer.read()
        assert re.findall(r"http://127\.0\.0\.1:\d+", output.read_text()) == list(urls.values())
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(60)
    assert process.returncode == 0, output.read_text()
    _, left = psutil.wait_procs(family, timeout=60)
    assert [each.name() for each in left if each.status() != psutil.STATUS_ZOMBIE] == []
