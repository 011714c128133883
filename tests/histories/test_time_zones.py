"""Wherever machine and server believe to be, the marts are the same: days are those of UTC, weeks those of ISO."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import make_url

from sandbox.s3 import put_object, s3_client, s3_server
from tests.histories.zones import CLIENT, DAYS, EXPORTS, FILE_DAY, MODIFIED, ZONES, impressions
from tests.loaders import files
from tests.sizes import cases, report
from warehouse.settings import PROJECT_ROOT

BUCKET = "reports"
MARTS = """
    select table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position)
    from information_schema.columns
    where table_schema = 'marts' and data_type not like 'timestamp%' and column_name not like '%delivery_id%'
    group by 1 order by 1
"""
Marts = dict[str, list[str]]

pytestmark = [pytest.mark.long, pytest.mark.torture, pytest.mark.timeout(1_200)]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Surfside's bucket with the one file; gives its endpoint."""
    with s3_server() as endpoint:
        s3 = s3_client(endpoint)
        s3.create_bucket(Bucket=BUCKET)
        content = files.surfside(*(files.surfside_row(day, impressions(day)) for day in DAYS))
        put_object(s3, BUCKET, f"{CLIENT}/media-report-{FILE_DAY}.csv", content, MODIFIED)
        yield endpoint


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Facebook's exports."""
    folder = tmp_path_factory.mktemp("exports")
    for name, (_, count) in EXPORTS.items():
        (folder / name).write_bytes(files.facebook(*(files.facebook_row(day, count) for day in DAYS)))
    return folder


def played_in(zone: str, cluster_url: str, bucket: str, exports: Path, home: Path) -> str:
    """Play the history in a zone, in a database that believes to be there too. Returns the database's URL."""
    name = f"zone_{uuid4().hex[:12]}"
    connection = psycopg2.connect(cluster_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"create database {name}")  # it goes with its cluster
        cursor.execute(f"alter database {name} set timezone = '{zone}'")
    connection.close()
    url = make_url(cluster_url).set(database=name).render_as_string(hide_password=False)
    told = {"TZ": zone, "DATABASE_URL": url, "SECRET_KEY": "a key for tests only", "PAIDMEDIA_HOME": str(home),
            "S3_BUCKET_NAME": BUCKET, "AWS_ENDPOINT_URL": bucket, "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.histories.in_a_zone", str(exports)],
        env=os.environ | told, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return url


def marts(url: str) -> Marts:
    """Every row of every mart as text, without the times at which things happened to be done."""
    connection = psycopg2.connect(url, options="-c timezone=UTC")
    with connection, connection.cursor() as cursor:
        cursor.execute(MARTS)
        found: Marts = {}
        for table, columns in cursor.fetchall():
            cursor.execute(f"select row({columns})::text from marts.{table} order by 1")
            found[table] = [row for (row,) in cursor.fetchall()]
    connection.close()
    return found


def test_in_every_zone_the_marts_are_the_same(cluster_url: str, bucket: str, exports: Path, tmp_path: Path) -> None:
    zones = ZONES[: cases(2, len(ZONES))]
    played = {zone: played_in(zone, cluster_url, bucket, exports, tmp_path / str(n)) for n, zone in enumerate(zones)}
    expected = marts(played[zones[0]])
    assert all(expected[table] for table in ("daily_metrics", "weekly_summaries", "monthly_summaries"))
    for zone, url in played.items():
        found = marts(url)
        assert {table: rows for table, rows in found.items() if rows != expected[table]} == {}, zone
    check_truth(played[zones[0]])
    report("time zones of machine and server", len(zones), wrong_marts=0, days=len(DAYS))


def check_truth(url: str) -> None:
    """What a calendar on paper says of the odd days."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("select date, sum(impressions), sum(spend) from marts.daily_metrics group by 1 order by 1")
        newest = max(count for _, count in EXPORTS.values())
        truth = []
        for day in DAYS:
            total = impressions(day) + newest
            truth.append((day, total, Decimal(total) / 1000 * (20 if day >= date(2024, 2, 29) else Decimal("12.5"))))
        assert cursor.fetchall() == truth
        weeks = "select week_start, week_end, impressions from marts.weekly_summaries where week_start = '2020-12-28'"
        cursor.execute(weeks)
        week = [day for day in DAYS if date(2020, 12, 28) <= day <= date(2021, 1, 3)]
        assert cursor.fetchone() == (week[0], week[-1], sum(impressions(day) + newest for day in week))
        cursor.execute("select impressions from marts.monthly_summaries where month_start = '2024-02-01'")
        assert cursor.fetchone() == (
            sum(impressions(day) + newest for day in DAYS if (day.year, day.month) == (2024, 2)),
        )
    connection.close()
