"""Everything is run with known secrets, well and badly; then no file and no dump holds one.

What is searched: every file of `PAIDMEDIA_HOME` (logs, Dagster's storage, dbt's target, dlt's state, the landing zone),
and a dump of the database. The one place for secrets is the folder `secrets` of the home, where generated ones lie.
"""

import base64
import io
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import dagster as dg
import pytest
from sqlalchemy import text

from orchestration.definitions import defs
from orchestration.defs.alerts import alerts
from sandbox.s3 import put_object
from sandbox.smtp import smtp_sink
from sandbox.vibe_api import vibe_api
from sandbox.webhook import webhook
from tests.loaders.files import facebook, facebook_row, surfside, surfside_row
from tests.orchestration.conftest import BUCKET, Shell, add_client
from tests.sizes import report
from warehouse.alerts import outbox
from warehouse.postgres import database, embedded
from warehouse.postgres.roles import app_role
from warehouse.secrets.secret_key import derived_password
from warehouse.settings import get_settings

pytestmark = pytest.mark.heavy

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
DAYS = ("--from", YESTERDAY.isoformat(), "--to", YESTERDAY.isoformat())
PLANTED = {
    "SECRET_KEY": "planted-secret-key-1f0c",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-secret-77aa",
    "AWS_SESSION_TOKEN": "planted-aws-session-51de",
    "VIBE_API_KEY": "planted-vibe-key-of-the-environment-9c",
    "OIDC_CLIENT_SECRET": "planted-oidc-secret-d2a9",
    "SMTP_PASSWORD": "planted-smtp-password-3b3b",
}
CLIENT_KEY = "planted-vibe-key-of-a-client-4e2d"
PERSON = "planted-password-of-a-person-88f1"
MARKER = "a-name-that-is-no-secret"


@pytest.fixture
def secrets(paidmedia: Shell, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Everything has been run; gives the secrets by name."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    with vibe_api(min_poll_seconds=0, ready_after_seconds=0) as api, smtp_sink() as mailbox, webhook() as hook:
        hook.status = 500
        environment = {
            "VIBE_API_BASE_URL": api.base_url, "VIBE_POLL_SECONDS": "0.05", "SMTP_HOST": mailbox.host,
            "SMTP_PORT": str(mailbox.port), "SMTP_USERNAME": "u", "SMTP_TO": "team@agency.example",
            "ALERT_URLS": hook.address, "HEARTBEAT_URL": hook.heartbeat,
        }  # fmt: skip
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert paidmedia("db", "migrate").code == 0
        login = work(paidmedia, bucket, tmp_path, monkeypatch)
        look()
        assert hook.asked
        assert paidmedia("alerts", "test").code == 1
        paidmedia("doctor")
        assert paidmedia("metrics", "--once").code == 0
        fail_at_the_database(paidmedia, monkeypatch)
        settings = get_settings()
        yield PLANTED | {
            "a client's Vibe key": CLIENT_KEY,
            "a person's password": PERSON,
            "a BI login's password": login,
            "the owner's password": urlsplit(str(settings.database_url)).password or "",
            "the app's password": derived_password(settings, app_role(database.engine().url)),
            "the webhook's token": hook.address.rpartition("/")[2],
            "the heartbeat's token": hook.heartbeat.rpartition("/")[2],
        }


def work(paidmedia: Shell, bucket: Any, folder: Path, patch: pytest.MonkeyPatch) -> str:
    """A client, people, loads that go well, loads that fail, a build. The password of a BI login."""
    add_client(paidmedia, MARKER, "--surfside-prefix", "acme", "--set", "surfside.campaign=C")
    words = ("--advertiser-id", "advertiser", "--api-key", CLIENT_KEY)
    assert paidmedia("vibe-credentials", "set", MARKER, *words).code == 0
    patch.setattr("sys.stdin", io.StringIO(PERSON + "\n"))
    assert paidmedia("user", "add", "ana@agency.example", "--role", "admin", "--password-stdin").code == 0
    put_object(bucket, BUCKET, f"acme/media-report-{YESTERDAY}.csv", surfside(surfside_row(YESTERDAY)))
    assert paidmedia("load", "surfside", *DAYS, "--no-build").code == 0
    assert paidmedia("load", "vibe", *DAYS, "--no-build").code == 1  # the API does not know the key
    export = folder / "export.csv"
    export.write_bytes(facebook(facebook_row(YESTERDAY)))
    assert paidmedia("upload", str(export), "--client", MARKER).code == 0
    with patch.context() as wrong:
        wrong.setenv("S3_BUCKET_NAME", "no-such-bucket")
        assert paidmedia("load", "surfside", *DAYS, "--no-build").code == 1
    told = paidmedia("bi-login", "add", MARKER).out
    url = next(word for word in told.split() if word.startswith("postgresql://"))
    return urlsplit(url).password or ""


def look() -> None:
    """Alerts are written down, and not sent: both servers refuse."""
    with dg.DagsterInstance.from_config(str(get_settings().dagster_home)) as instance:
        alerts(dg.build_sensor_context(instance=instance, repository_def=defs().get_repository_def()))
    with database.session() as current:
        assert outbox.waiting(current)[0] > 0


def fail_at_the_database(paidmedia: Shell, patch: pytest.MonkeyPatch) -> None:
    """A command that the database refuses."""
    with patch.context() as wrong:
        wrong.setenv("DATABASE_URL", str(get_settings().database_url).replace("@", "-and-more@"))
        assert paidmedia("load", "surfside", *DAYS).code == 1


def forms(secret: str) -> set[bytes]:
    """A secret as it is, as part of a URL, and encoded, which hides nothing."""
    plain = secret.encode()
    return {plain, quote(secret, safe="").encode(), base64.b64encode(plain), base64.urlsafe_b64encode(plain)}


def contents(home: Path, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the home, and a dump of the database."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and "secrets" not in path.relative_to(home).parts:
            yield str(path.relative_to(home)), path.read_bytes()
    dump = folder / "dump.sql"
    env = os.environ | database.libpq_environment()
    subprocess.run(
        [embedded.binary("pg_dump"), "--inserts", "--enable-row-security", "--file", dump], env=env, check=True
    )
    yield "the dump", dump.read_bytes()


@pytest.mark.torture
def test_no_file_and_no_dump_holds_a_secret(secrets: dict[str, str], tmp_path: Path) -> None:
    assert all(len(secret) >= 8 for secret in secrets.values()), "each was really found out"
    wanted = {name: forms(secret) for name, secret in secrets.items()}
    found, marked, searched = [], [], 0
    for where, content in contents(get_settings().paidmedia_home, tmp_path):
        searched += 1
        found += [(name, where) for name, shapes in wanted.items() if any(shape in content for shape in shapes)]
        if MARKER.encode() in content:
            marked.append(where)
    assert found == []
    # The search does find what is there: in the dump, Dagster's storage, dbt's and the structured log.
    assert "the dump" in marked
    assert any(where.startswith("dagster/") for where in marked)
    assert any(where.startswith("logs/paidmedia-") for where in marked)
    join_the_ids()
    report("secrets searched for", len(secrets), files_searched=searched, places_that_hold_one=len(found))


def join_the_ids() -> None:
    """One id joins Dagster's run, the attempt, the delivery and the log line."""
    (log,) = (get_settings().paidmedia_home / "logs").glob("paidmedia-*.log")
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    loaded = next(entry for entry in entries if entry["event"] == "delivery" and entry.get("status") == "loaded")
    verdict = next(entry for entry in entries if entry["event"] == "verdict")
    assert verdict["run_id"] == loaded["run_id"]
    assert any(entry["event"] == "build" and entry["error"] is None for entry in entries)
    with database.session() as current:
        row = current.execute(
            text(
                "select runs.dagster_run_id, runs.delivery_id, deliveries.dagster_run_id as run_of_delivery"
                " from control.ingestion_runs as runs join raw_surfside.deliveries as deliveries using (delivery_id)"
                " where runs.ingestion_run_id = cast(:load_id as uuid)"
            ),
            {"load_id": loaded["load_id"]},
        ).one()
    assert (row.dagster_run_id, row.delivery_id) == (loaded["run_id"], loaded["delivery_id"])
    assert row.run_of_delivery == loaded["run_id"]
    with dg.DagsterInstance.from_config(str(get_settings().dagster_home)) as instance:
        assert instance.get_run_by_id(loaded["run_id"]) is not None
