"""Prometheus is told what happened, over HTTP; the dashboard asks for nothing that is not told."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from loaders.ledger.pipeline import prepare_all
from orchestration import metrics
from serving import timing
from streamlit_app import metrics_route
from tests.end_to_end.servers import free_port, wait_until_healthy
from tests.loaders.files import facebook, facebook_row
from tests.orchestration.conftest import Shell, add_client
from warehouse.settings import PROJECT_ROOT, Settings

DASHBOARD = PROJECT_ROOT / "deploy" / "grafana" / "paid-media.json"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(told: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


@pytest.fixture
def loaded(paidmedia: Shell, settings: Settings, tmp_path: Path) -> Settings:
    """One export of three rows, one of them bad, taken in; a second one refused."""
    if not paidmedia.sql("select 1 from control.clients"):
        prepare_all(settings)
        add_client(paidmedia, "acme")
        rows = [facebook_row(f"2026-01-{day:02}") for day in range(1, 31)]
        for name, content in (("good", [*rows, facebook_row("2026-01-31", "many")]), ("bad", [facebook_row("never")])):
            export = tmp_path / f"{name}.csv"
            export.write_bytes(facebook(*content))
            paidmedia("upload", str(export), "--client", "acme", "--no-build")
    return settings


def test_deliveries_rows_rejects_durations_and_freshness_are_told(loaded: Settings) -> None:
    told = samples(metrics.text_of(loaded))
    whose = (("client", "acme"), ("source", "facebook"))
    by_status = {labels[2][1]: n for (name, labels), n in told.items() if name == "paidmedia_deliveries_total"}
    by_fate = {dict(labels)["fate"]: n for (name, labels), n in told.items() if name == "paidmedia_rows_total"}
    assert sum(by_status.values()) == 2
    assert by_fate == {"read": 31, "accepted": 30, "rejected": 1, "dropped": 0}
    assert told["paidmedia_stale", whose] == 1
    assert told["paidmedia_newest_day_age_days", whose] > 8
    assert told["paidmedia_attempt_seconds_count", (("source", "facebook"),)] == 2
    assert told["paidmedia_run_seconds", (("job", "facebook_load"),)] > 0
    assert told["paidmedia_database_up", ()] == 1
    assert told["paidmedia_outbox_messages", ()] == 0
    assert told["paidmedia_daemon_alive", (("daemon", "SENSOR"),)] == 0


def test_a_database_that_is_away_is_told(loaded: Settings) -> None:
    away = loaded.model_copy(update={"database_url": "postgresql://u:p@127.0.0.1:9/none"})
    told = samples(metrics.text_of(away))
    assert told["paidmedia_database_up", ()] == 0
    assert ("paidmedia_outbox_messages", ()) not in told


def test_the_dashboard_asks_for_what_is_told(loaded: Settings) -> None:
    known = {name for name, _ in samples(metrics.text_of(loaded))}
    known |= {name for name, _ in samples(generate_latest(timing.REGISTRY).decode())}
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for expression in asked for name in re.findall(r"paidmedia_\w+", expression)}
    assert len(named) > 10
    assert named - known == set()


class Slow(metrics.Warehouse):
    """A scrape that ends when it is told to."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.begun, self.may_end = Event(), Event()

    def _look(self) -> Iterator[Metric]:
        self.begun.set()
        assert self.may_end.wait(10)
        yield from super()._look()


def test_who_asks_during_a_scrape_gets_its_answer(loaded: Settings) -> None:
    slow = Slow(loaded)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: list(slow.collect()))
        assert slow.begun.wait(10)
        second = pool.submit(lambda: list(slow.collect()))
        time.sleep(0.2)  # it has asked by now
        slow.may_end.set()
        assert all(one is other for one, other in zip(first.result(), second.result(), strict=True))
        assert next(slow.collect()) is not first.result()[0]


def test_prometheus_is_answered_over_http(loaded: Settings) -> None:
    port = free_port()
    command = [sys.executable, "-m", "orchestration.cli", "metrics", "--port", port]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/metrics")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b"paidmedia_database_up 1.0" in answer.read()
    finally:
        process.kill()
        process.wait(60)


def test_the_app_tells_its_query_times_to_who_asks_directly() -> None:
    client = TestClient(Starlette(routes=list(metrics_route.ROUTES)))
    before = samples(client.get("/metrics").text)["paidmedia_query_seconds_count", ()]
    with timing.timed():
        pass
    assert samples(client.get("/metrics").text)["paidmedia_query_seconds_count", ()] == before + 1
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404
