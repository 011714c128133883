"""BI tools on the views of a client, through a login that a person made: SQLAlchemy, psql, a real Apache Superset."""

import csv
import io
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import psycopg2
import pytest
import sqlalchemy as sa

from tests.end_to_end.conftest import FinishedRun
from tests.end_to_end.servers import free_port, wait_until_healthy
from tests.sizes import is_long, report
from warehouse.postgres import embedded
from warehouse.settings import PROJECT_ROOT

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.heavy]

CLIENT = "harbor-pine"
# Superset 6.1 does not start with newer ones of these, and needs cachetools and rich without saying so.
SUPERSET = (
    "apache-superset==6.1.0",
    "cachetools",
    "flask-caching<2.4",
    "marshmallow<4",
    "psycopg2-binary",
    "rich",
    "setuptools<81",
)
SUPERSET_CONFIG = """
import os
SECRET_KEY = os.environ["SUPERSET_KEY"]
SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.environ["SUPERSET_HOME"] + "/superset.db"
WTF_CSRF_ENABLED = TALISMAN_ENABLED = RATELIMIT_ENABLED = False
"""
BY_SOURCE = "select source, sum(impressions), sum(spend) from {}.daily_campaign_metrics{} group by source"
Sums = dict[str, tuple[int, Decimal]]


@pytest.fixture(scope="module")
def bi_url(finished_run: FinishedRun) -> Iterator[str]:
    """The URL that `bi-login add` prints; the login is removed at the end."""
    done = finished_run.command("paidmedia", "bi-login", "add", CLIENT)
    (url,) = re.findall(r"postgresql://\S+", done.stdout)
    yield url
    assert finished_run.command("paidmedia", "bi-login", "remove", sa.make_url(url).username or "").returncode == 0


@pytest.fixture(scope="module")
def owned(finished_run: FinishedRun) -> Sums:
    """What the client's sources add up to, asked by the owner of the warehouse."""
    with psycopg2.connect(finished_run.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(BY_SOURCE.format("marts", f" where client_id = '{CLIENT}'"))
        return {source: (int(impressions), spend) for source, impressions, spend in cursor.fetchall()}


def for_psycopg2(url: str) -> str:
    """The URL as SQLAlchemy takes it, which else looks for another driver."""
    return url.replace("postgresql://", "postgresql+psycopg2://")


def test_sqlalchemy_finds_the_marts_that_the_documents_name_and_one_clients_rows(bi_url: str, owned: Sums) -> None:
    engine = sa.create_engine(for_psycopg2(bi_url))
    documented = {
        name
        for line in (PROJECT_ROOT / "docs" / "bi.md").read_text().partition("## What to read")[2].splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z_]+)`", line.split("|")[1])
    }
    inspector = sa.inspect(engine)
    found = inspector.get_view_names("bi")
    assert documented == {name for name in found if inspector.get_table_comment(name, "bi")["text"]}
    with engine.connect() as connection:
        for mart in sorted(documented):
            table = sa.Table(mart, sa.MetaData(), schema="bi", autoload_with=engine)
            undescribed = [column.name for column in table.columns if not column.comment]
            assert undescribed == [], f"{mart} has columns without a description"
            assert [column.name for column in table.columns if "reported" in column.name] == [], mart
            if "client_id" in table.columns:
                seen: set[str] = set(connection.scalars(sa.select(table.c.client_id).distinct()))
                assert seen <= {CLIENT}, mart
        rows = connection.execute(sa.text(BY_SOURCE.format("bi", ""))).all()
    engine.dispose()
    assert {row[0]: (int(row[1]), row[2]) for row in rows} == owned


def test_psql_reads_the_same_numbers_without_naming_the_schema(bi_url: str, owned: Sums) -> None:
    query = BY_SOURCE.format("bi", "").replace("bi.", "")
    done = subprocess.run(
        [embedded.binary("psql"), bi_url, "--no-psqlrc", "--csv", "--tuples-only", "--command", query],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = csv.reader(io.StringIO(done.stdout))
    assert {source: (int(impressions), Decimal(spend)) for source, impressions, spend in rows} == owned


def test_a_statement_that_takes_too_long_is_cancelled_and_the_login_goes_on(bi_url: str, owned: Sums) -> None:
    engine = sa.create_engine(for_psycopg2(bi_url))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("select current_setting('statement_timeout')")) == "2min"
        connection.execute(sa.text("set statement_timeout = '200ms'"))
        with pytest.raises(sa.exc.OperationalError, match="statement timeout"):
            connection.execute(sa.text("select pg_sleep(20)"))
        connection.rollback()
        assert connection.scalar(sa.text("select count(distinct source) from daily_metrics")) == len(owned)
    engine.dispose()


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Superset of its own packages, database and administrator; gives a client that has logged in."""
    home = tmp_path_factory.mktemp("superset")
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    programs = home / "venv" / "bin"
    subprocess.run(
        [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *SUPERSET], check=True
    )
    (home / "superset_config.py").write_text(SUPERSET_CONFIG)
    password = secrets.token_urlsafe(12)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "SUPERSET_CONFIG_PATH": str(home / "superset_config.py"),
        "SUPERSET_HOME": str(home),
        "SUPERSET_KEY": secrets.token_urlsafe(32),
        "FLASK_APP": "superset",
    }
    who = ["--username", "bi", "--firstname", "B", "--lastname", "I", "--email", "bi@agency.example"]
    with (home / "superset.log").open("w") as log:
        for words in (["db", "upgrade"], ["fab", "create-admin", *who, "--password", password], ["init"]):
            subprocess.run([programs / "superset", *words], env=environment, stdout=log, stderr=log, check=True)
        port = free_port()
        process = subprocess.Popen(
            [programs / "superset", "run", "--host", "127.0.0.1", "--port", port],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/health", 180)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60) as client:
            entry = {"username": "bi", "password": password, "provider": "db"}
            token = posted(client, "security/login", entry)["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield client
    finally:
        process.terminate()
        process.wait(30)


def posted(client: httpx.Client, path: str, body: object) -> Any:
    """The answer to a POST. Fails with what Superset said."""
    answer = client.post(f"/{path}", json=body)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:1000]}"
    return answer.json()


@pytest.mark.torture
@pytest.mark.skipif(not is_long(), reason="installs 640 MB of Superset: `make torture`")
def test_a_chart_of_superset_shows_the_clients_numbers(superset: httpx.Client, bi_url: str, owned: Sums) -> None:
    entry = {"database_name": "Paid media", "sqlalchemy_uri": for_psycopg2(bi_url)}
    database = posted(superset, "database/", entry)["id"]
    dataset = posted(
        superset, "dataset/", {"database": database, "schema": "bi", "table_name": "daily_campaign_metrics"}
    )["id"]
    query = {
        "columns": ["source"],
        "metrics": [
            {"label": name, "expressionType": "SQL", "sqlExpression": f"cast(sum({name}) as text)"}
            for name in ("impressions", "spend")
        ],
        "row_limit": 100,
    }
    chart = {"datasource": {"id": dataset, "type": "table"}, "queries": [query], "result_format": "json"}
    (result,) = posted(superset, "chart/data", chart)["result"]
    shown = {row["source"]: (int(row["impressions"]), Decimal(row["spend"])) for row in result["data"]}
    assert shown == owned
    report("a chart of Apache Superset on a BI login", len(shown), sources=", ".join(sorted(shown)), differing=0)
