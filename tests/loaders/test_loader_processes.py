"""A loader in a process of its own: what it prints, and what a kill leaves behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from loaders import facebook
from tests.loaders import files
from warehouse.settings import PROJECT_ROOT, Settings

DAY = date(2025, 1, 1)
LOAD = (
    "import sys; from loaders import facebook; from warehouse.settings import get_settings;"
    " facebook.load(get_settings(), sys.argv[1])"
)


def start(upload_id: UUID) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", LOAD, str(upload_id)]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)


def test_a_load_prints_nothing_of_its_own(settings: Settings, client_id: str) -> None:
    data = files.facebook(files.facebook_row(DAY))
    process = start(facebook.receive(settings, data, "a.csv", client_id, "ann"))
    assert process.communicate(timeout=120) == (b"", b"")
    assert process.returncode == 0


@pytest.mark.slow
def test_a_load_that_is_killed_at_any_moment_and_run_again_leaves_each_row_once(
    settings: Settings, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    whole = (
        "select count(distinct data.delivery_id), count(*), count(distinct (data.delivery_id, data.source_row))"
        " from raw_facebook.ads_export as data"
        " inner join raw_facebook._dlt_loads as loads on data._dlt_load_id = loads.load_id and loads.status = 0"
        " inner join raw_facebook.deliveries on data.delivery_id = deliveries.delivery_id"
        " where deliveries.client_id = :client and deliveries.origin = :origin"
    )
    for number, seconds in enumerate((1.5, 2.2, 2.6, 3.0)):
        rows = (files.facebook_row(DAY + timedelta(days=number), row) for row in range(5_000))
        name = f"{number}.csv"
        upload_id = facebook.receive(settings, files.facebook(*rows), name, client_id, "ann")
        process = start(upload_id)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert facebook.load(settings, upload_id).ok
        assert ask(whole, client=client_id, origin=name) == [(1, 5_000, 5_000)]
        settled = ask("select status from control.uploaded_files where upload_id = :id", id=upload_id)
        assert settled == [("loaded",)]
    unsettled = "select count(*) from control.ingestion_runs where client_id = :client and status = 'running'"
    assert ask(unsettled, client=client_id) == [(0,)]
