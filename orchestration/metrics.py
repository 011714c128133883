"""What Prometheus can ask: deliveries, rows, rejects, durations, freshness, incidents, the outbox, Dagster's daemons.

Everything is read afresh from Postgres and Dagster's storage for each scrape; nothing is counted in this process. Who
asks while another's scrape is under way gets the same answer: those that give up waiting would pile up otherwise. How
long the app's queries take is told by the app itself, which alone knows (`streamlit_app/metrics_route.py`).
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event, Lock
from time import monotonic

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.orm import Session

from loaders.registry import names as source_names
from orchestration.lib import names
from warehouse.alerts import incidents, outbox
from warehouse.control import FAULTS
from warehouse.deliveries import monitor
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

JOBS = (
    *(names.load_job(source) for source in source_names()),
    *(names.judge_job(source) for source in source_names()),
    names.BUILD_JOB,
    names.RETENTION_JOB,
)


class Warehouse(Collector):
    """One scrape. A database that is away is a metric too: `paidmedia_database_up` 0."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._looking = Lock()
        self._found: list[Metric] = []
        self._ended = float("-inf")

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        asked = monotonic()
        with self._looking:
            if self._ended < asked:
                self._found = list(self._look())
                self._ended = monotonic()
            return iter(self._found)

    def _look(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("paidmedia_database_up", "Whether the database could be asked.")
        found: list[Metric] = []
        try:
            with database.session(self._settings) as current:
                for part in (_attempts, _durations, _freshness, _alerts):
                    found += part(current)
            up.add_metric([], 1)
        except PaidMediaError:
            up.add_metric([], 0)
        yield up
        yield from found
        yield from _dagster(self._settings)
        home = self._settings.paidmedia_home
        free = shutil.disk_usage(home if home.exists() else home.parent).free
        yield GaugeMetricFamily("paidmedia_disk_free_bytes", "Free bytes where the home is.", value=free)


def registry(settings: Settings) -> CollectorRegistry:
    """The metrics of the warehouse, and of nothing else."""
    made = CollectorRegistry()
    made.register(Warehouse(settings))
    return made


def text_of(settings: Settings) -> str:
    """One scrape, as Prometheus reads it."""
    return generate_latest(registry(settings)).decode()


def serve(settings: Settings, host: str, port: int) -> None:
    """Answer on `/metrics` until the process is ended. Raises `PaidMediaError` where the port is taken."""
    try:
        start_http_server(port, addr=host, registry=registry(settings))
    except OSError as error:
        raise PaidMediaError(
            f"{host}:{port} cannot be used", where=error.strerror, fix="name another --port"
        ) from error
    Event().wait()


def _attempts(current: Session) -> Iterator[Metric]:
    deliveries = CounterMetricFamily(
        "paidmedia_deliveries", "Attempts to take in a delivery.", labels=["source", "client", "status"]
    )
    rows = CounterMetricFamily("paidmedia_rows", "Delivered rows by fate.", labels=["source", "client", "fate"])
    for row in current.execute(text(_ATTEMPTS)):
        deliveries.add_metric([row.source, row.client_id, row.status], row.attempts)
    for row in current.execute(text(_ROWS)):
        for fate in ("read", "accepted", "rejected", "dropped"):
            rows.add_metric([row.source, row.client_id, fate], getattr(row, fate))
    yield deliveries
    yield rows


def _durations(current: Session) -> Iterator[Metric]:
    seconds = SummaryMetricFamily("paidmedia_attempt_seconds", "How long attempts took.", labels=["source"])
    for row in current.execute(text(_SECONDS)):
        seconds.add_metric([row.source], row.attempts, row.seconds)
    yield seconds


def _freshness(current: Session) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "paidmedia_newest_day_age_days", "Days since the newest delivered day.", labels=["source", "client"]
    )
    stale = GaugeMetricFamily("paidmedia_stale", "1 where nothing new came for too long.", labels=["source", "client"])
    held = GaugeMetricFamily("paidmedia_held_deliveries", "Deliveries that are held.", labels=["source", "client"])
    today = datetime.now(UTC).date()
    for each in monitor.overview(current):
        labels = [each.source, each.client_id]
        if each.last_day is not None:
            age.add_metric(labels, (today - each.last_day).days)
        stale.add_metric(labels, int(each.state.startswith("stale")))
        held.add_metric(labels, each.held)
    yield from (age, stale, held)


def _alerts(current: Session) -> Iterator[Metric]:
    is_open = GaugeMetricFamily("paidmedia_open_incidents", "Incidents that are open.", labels=["kind"])
    kinds = [each.kind for each in incidents.open_incidents(current)]
    for kind in FAULTS:
        is_open.add_metric([kind], kinds.count(kind))
    waiting, oldest = outbox.waiting(current)
    age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    yield is_open
    yield GaugeMetricFamily("paidmedia_outbox_messages", "Alerts that wait to be sent.", value=waiting)
    yield GaugeMetricFamily("paidmedia_outbox_oldest_seconds", "How long the oldest has waited.", value=age)


def _dagster(settings: Settings) -> Iterator[Metric]:
    """The newest run of each job, and the daemons; nothing where Dagster never ran."""
    home = os.environ.get("DAGSTER_HOME") or str(settings.dagster_home)
    if not os.path.exists(f"{home}/dagster.yaml"):  # noqa: PTH110 – text as Dagster takes it
        return
    import dagster as dg

    from orchestration.lib.run_findings import newest_record

    seconds = GaugeMetricFamily("paidmedia_run_seconds", "How long the newest ended run took.", labels=["job"])
    failed = GaugeMetricFamily("paidmedia_run_failed", "1 where the newest ended run failed.", labels=["job"])
    ended = GaugeMetricFamily("paidmedia_run_ended_timestamp_seconds", "When it ended.", labels=["job"])
    alive = GaugeMetricFamily("paidmedia_daemon_alive", "1 where the daemon was heard of lately.", labels=["daemon"])
    with dg.DagsterInstance.from_config(home) as instance:
        for job in JOBS:
            record = newest_record(instance, job)
            if record is None or record.start_time is None or record.end_time is None:
                continue
            seconds.add_metric([job], record.end_time - record.start_time)
            failed.add_metric([job], int(record.dagster_run.status == dg.DagsterRunStatus.FAILURE))
            ended.add_metric([job], record.end_time)
        for name, status in instance.get_daemon_statuses().items():
            alive.add_metric([name], int(bool(status.healthy)))
    yield from (seconds, failed, ended, alive)


_ATTEMPTS = """
    select source, client_id, status, count(*) as attempts
    from control.ingestion_runs
    group by source, client_id, status
"""

_ROWS = """
    select
        source, client_id,
        coalesce(sum(rows_read), 0) as read, coalesce(sum(rows_accepted), 0) as accepted,
        coalesce(sum(rows_rejected), 0) as rejected, coalesce(sum(rows_dropped), 0) as dropped
    from control.ingestion_runs
    where status in ('loaded', 'held')
    group by source, client_id
"""

_SECONDS = """
    select source, count(*) as attempts, sum(extract(epoch from finished_at - started_at))::float as seconds
    from control.ingestion_runs
    where finished_at is not null
    group by source
"""
