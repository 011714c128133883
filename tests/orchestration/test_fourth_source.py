"""A fourth source is one file and `make sources`: that of CONTRIBUTING, in a copy of the checkout, the whole way.

CONTRIBUTING → loaders/sources/google_ads.py → make sources → load, reject, correction, restatement, alerts, status,
page, retention, each by the command that people type
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.s3 import put_object, s3_client, s3_server
from tests.loaders.files import csv_bytes
from tests.mutants.run import checkout
from warehouse.postgres import database
from warehouse.settings import PROJECT_ROOT

pytestmark = pytest.mark.heavy

BUCKET = "reports"
NAME = "google_ads"
DAY = datetime.now(UTC).date() - timedelta(days=2)
SPAN = ("--from", DAY.isoformat(), "--to", DAY.isoformat())
HEADER = ("Day", "Campaign", "Ad group", "Ad type", "Ad", "Impr.", "Interactions", "Conv. value", "Cost")
SHOWS = """
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.serving import people
from warehouse.access import users
from warehouse.postgres import database

app = AppTest.from_file(str(Path("streamlit_app/main.py").resolve()), default_timeout=120)
with database.session() as current:
    users.add_user(current, people.ANA.name, role="analyst", client_id=None, password=people.PASSWORD)
    app.session_state["token"] = people.token(current, people.ANA)
app.run()
assert not app.exception and not app.error, (app.exception, app.error)
(sources,) = [box for box in app.multiselect if box.label == "Sources"]
print(sources.options, {card.label: card.value for card in app.metric}["Impressions"])
"""
LOOK = """
from warehouse.alerts import incidents, service
from warehouse.postgres import database
from warehouse.settings import get_settings

service.look(get_settings(), [])
with database.session() as current:
    for each in incidents.open_incidents(current):
        print(each.kind, each.subject, each.fix)
"""
RETENTION = """
import sys
from datetime import date

from orchestration.lib import retention
from warehouse.settings import get_settings

outcome = retention.run(get_settings(), today=date.fromisoformat(sys.argv[1]))
assert not outcome.problems, outcome.problems
print([each.what for each in outcome.expired])
"""


@dataclass(frozen=True)
class Tree:
    """A copy of the checkout with a fourth source, over this module's database."""

    folder: Path
    bucket: Any

    def run(self, *words: str, fails: bool = False) -> str:
        """What a program of the copy says."""
        environment = os.environ | {"PYTHONPATH": str(self.folder), "COLUMNS": "300"}
        done = subprocess.run(
            words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def paidmedia(self, *words: str, fails: bool = False) -> str:
        """What a command says."""
        return self.run(sys.executable, "-m", "orchestration.cli", *words, fails=fails)

    def python(self, program: str, *words: str) -> str:
        """What a program says."""
        return self.run(sys.executable, "-c", program, *words)

    def put(self, name: str, data: bytes) -> None:
        """A file in the folder of the client."""
        put_object(self.bucket, BUCKET, f"acme/{name}", data, datetime.now(UTC))

    def row(self, query: str, **values: Any) -> tuple[Any, ...]:
        """The only row of an answer."""
        with database.session() as current:
            return tuple(current.execute(text(query), values).one())


@pytest.fixture(scope="module")
def tree(database_url: str) -> Iterator[Tree]:
    """CONTRIBUTING followed: one file, `make sources`, `paidmedia db migrate`."""
    with checkout() as folder, s3_server() as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.setenv("S3_BUCKET_NAME", BUCKET)
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        bucket = s3_client(endpoint)
        bucket.create_bucket(Bucket=BUCKET)
        (folder / "loaders" / "sources" / f"{NAME}.py").write_text(shown_in_contributing())
        found = Tree(folder, bucket)
        said = found.run("make", "sources", "INSTALLED=", f"BIN={Path(sys.executable).parent}")
        assert f"dbt_project/models/staging/{NAME}/stg_{NAME}__ad_report.sql" in said
        found.paidmedia("db", "migrate")
        found.paidmedia(
            "client", "add", "acme", "--name", "Acme", "--cpm", "10", "--currency", "USD", "--from", "2025-01-01",
            f"--{NAME}-prefix", "acme", "--set", f"{NAME}.campaign=Always On",
        )  # fmt: skip
        yield found


def shown_in_contributing() -> str:
    """The file that CONTRIBUTING shows."""
    section = (PROJECT_ROOT / "CONTRIBUTING.md").read_text().partition("## Add a source")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return str(block)


def report(*impressions: object) -> bytes:
    """A file of the day, one row for each number."""
    rows = [
        (DAY, "Brand", "Search", "Text", f"Ad {number}", each, 1, "2.50", "0.40")
        for number, each in enumerate(impressions, start=1)
    ]
    return csv_bytes(HEADER, rows)


def published() -> str:
    """What the fact says of the day."""
    return "select sum(impressions), sum(spend) from marts.daily_metrics where source = :source and date = :day"


def test_a_file_is_loaded_judged_and_built_and_its_bad_row_rejected(tree: Tree) -> None:
    tree.put(f"google-{DAY}.csv", report(*[100] * 30, "many"))
    said = tree.paidmedia("load", NAME, *SPAN)
    assert "Built the marts" in said
    assert tree.row(published(), source=NAME, day=DAY) == (3_000, Decimal(30))
    assert tree.row("select verdict from control.delivery_verdicts where source = :source", source=NAME) == ("passed",)
    status = tree.paidmedia("status")
    assert re.search(rf"{NAME} +acme +30 +1 +{DAY}", status), status
    assert "fresh" in status


def test_the_corrected_file_restates_the_day(tree: Tree, tmp_path: Path) -> None:
    (delivery,) = tree.row(f"select delivery_id from raw_{NAME}.deliveries")
    corrected = tmp_path / f"google-{DAY}-corrected.csv"
    said = tree.paidmedia("rejects", delivery, "--out", str(corrected))
    assert f"put the whole file into the bucket as s3://{BUCKET}/acme/google-{DAY}-corrected.csv" in said
    assert f"paidmedia load {NAME} --client acme" in said
    tree.put(corrected.name, corrected.read_bytes().replace(b"many", b"70"))
    tree.paidmedia("load", NAME, *SPAN)
    assert tree.row(published(), source=NAME, day=DAY) == (3_070, Decimal("30.7"))
    story = tree.paidmedia("explain", "acme", "--date", DAY.isoformat())
    assert f"google-{DAY}-corrected.csv" in story
    assert "The causes add up." in story


def test_a_day_without_a_file_is_an_alert_with_the_command_that_mends_it(tree: Tree) -> None:
    before = DAY - timedelta(days=1)
    said = tree.paidmedia("load", NAME, "--from", str(before), "--to", str(before), fails=True)
    assert f"no Google Ads file for {before}" in said
    told = tree.python(LOOK)
    assert f"missing_file {NAME}/acme/{before}" in told
    assert f"paidmedia load {NAME} --from {before} --to {before} --client acme" in told
    assert NAME in tree.paidmedia("alerts", "list")


def test_the_doctor_looks_at_it_and_the_app_offers_it(tree: Tree) -> None:
    # It fails for what a test has not: a running Dagster, a backup.
    lines = json.loads(tree.paidmedia("doctor", "--json", fails=True))
    assert f"bucket {BUCKET} can be listed" in [line["what"] for line in lines if line["part"] == NAME]
    shown = tree.python(SHOWS)
    assert "['Google Ads'] 3,070" in shown.splitlines(), shown


def test_dbts_unit_tests_hold_with_it(tree: Tree) -> None:
    selected = f"stg_{NAME}__ad_report int_metrics__united int_delivery_transitions__split int_metrics__summed"
    environment = {"DBT_TARGET_PATH": str(tree.folder / "unit"), "DBT_LOG_PATH": str(tree.folder / "unit")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (environment | database.libpq_environment()).items():
            patch.setenv(name, value)
        said = tree.run(
            str(Path(sys.executable).with_name("dbt")), "test", "--project-dir", "dbt_project", "--profiles-dir",
            "dbt_project", "--select", *(f"{each},test_type:unit" for each in selected.split()),
        )  # fmt: skip
    assert f"test_stg_{NAME}__ad_report_ignores_incomplete_packages" in said


def test_what_lost_leaves_in_time_and_nothing_else(tree: Tree) -> None:
    later = date.today() + timedelta(days=50)  # noqa: DTZ011 – any day after the raw rows' time
    assert f"raw_{NAME}.ad_report, 1 deliveries" in tree.python(RETENTION, later.isoformat())
    assert tree.row(f"select count(*) from raw_{NAME}.ad_report") == (31,)
    tree.paidmedia("build")
    assert tree.row(published(), source=NAME, day=DAY) == (3_070, Decimal("30.7"))
