"""`make serve`: Dagster, the app and the dbt docs answer, and end together when asked to."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.servers import free_port, wait_until_healthy
from warehouse.settings import PROJECT_ROOT

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.slow]


def test_the_three_servers_answer_and_stop_together(finished_run: FinishedRun, tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("DAGSTER_PORT", "STREAMLIT_PORT", "DOCS_PORT")}
    output = tmp_path / "serve.log"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "exec", "--", sys.executable, "-m", "orchestration.serve"],
            env=finished_run.environment | ports, cwd=PROJECT_ROOT, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_until_healthy(f"http://127.0.0.1:{ports['STREAMLIT_PORT']}/_stcore/health", 120)
        wait_until_healthy(f"http://127.0.0.1:{ports['DAGSTER_PORT']}/server_info", 120)
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['DOCS_PORT']}/") as answer:
            assert b"dbt" in answer.read(100_000)
        assert len(re.findall(r"http://127\.0\.0\.1:\d+", output.read_text())) == 3
    finally:
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(60)
    assert process.returncode == 0, output.read_text()
    _, left = psutil.wait_procs(family, timeout=60)
    assert [each.name() for each in left if each.status() != psutil.STATUS_ZOMBIE] == []
