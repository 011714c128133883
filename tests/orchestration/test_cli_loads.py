"""Three sample files through the command line to the marts: exact sums, exact spend, and what happens to bad ones.

The first upload and the one that a data test fails build as people type them.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sandbox import samples
from sandbox.s3 import put_object
from sandbox.samples import FACEBOOK_DAILY_BY_REGION, SURFSIDE_WEEK, VIBE_REPORT, SampleTotals
from sandbox.vibe_api import VibeApi
from sandbox.vibe_service import DEFAULT_KEY
from tests.orchestration.conftest import ADVERTISER, BUCKET, DAY, Shell, add_client
from warehouse.settings import get_settings

pytestmark = pytest.mark.heavy

CPM = Decimal(17)
SUMS = """
    select count(*), sum(impressions), sum(clicks), sum(conversions), sum(conversion_revenue), sum(spend),
        sum(reported_spend)
    from marts.daily_metrics
    where client_id = 'acme' and source = :source
"""


@pytest.fixture(autouse=True, scope="module")
def _world(bucket: Any, vibe: VibeApi) -> None:
    """Both stand-ins are up for the whole module."""


def expected(sample: SampleTotals) -> tuple:
    return (
        sample.keys, sample.impressions, sample.clicks, sample.conversions, sample.conversion_revenue,
        sample.impressions * CPM / 1000, sample.reported_spend,
    )  # fmt: skip


def test_a_client_is_added_with_its_sources(paidmedia: Shell) -> None:
    add_client(paidmedia, "acme", "--surfside-prefix", "acme", "--set", "surfside.campaign=Always On")
    stored = paidmedia("vibe-credentials", "set", "acme", "--advertiser-id", ADVERTISER, "--api-key", DEFAULT_KEY)
    assert stored.code == 0
    listed = paidmedia("client", "list").out
    assert "17.0000 USD" in listed
    assert "surfside.campaign=Always On" in listed
    assert DEFAULT_KEY not in listed


def test_a_surfside_week_is_loaded(paidmedia: Shell) -> None:
    day = DAY.isoformat()
    answer = paidmedia("load", "surfside", "--from", day, "--to", day, "--client", "acme", "--no-build")
    assert answer.code == 0, answer.err
    assert f"{SURFSIDE_WEEK.rows:,}" in answer.out


def test_a_vibe_report_is_loaded(paidmedia: Shell) -> None:
    day = VIBE_REPORT.first_day.isoformat()
    answer = paidmedia("load", "vibe", "--from", day, "--to", day, "--no-build")
    assert answer.code == 0, answer.err


def test_a_facebook_export_is_built_with_what_waits_and_loses_its_total_row_with_a_warning(
    paidmedia: Shell, tmp_path: Path
) -> None:
    export = tmp_path / "daily by region.xlsx"
    export.write_bytes(samples.facebook_daily_by_region())
    answer = paidmedia("upload", str(export), "--client", "acme")
    assert answer.code == 0, answer.err
    warning = next(line for line in answer.out.splitlines() if line.startswith("Warning"))
    assert "99,249" in warning
    assert "70,892" in warning
    assert paidmedia.sql("select rows_dropped from raw_facebook.deliveries") == [(1,)]


def test_all_three_are_in_the_marts_to_the_last_digit_without_invented_clicks(paidmedia: Shell) -> None:
    for source, sample in (("surfside", SURFSIDE_WEEK), ("vibe", VIBE_REPORT), ("facebook", FACEBOOK_DAILY_BY_REGION)):
        assert paidmedia.sql(SUMS, source=source) == [expected(sample)], source
    assert paidmedia.sql("select distinct campaign_name from marts.daily_metrics where source = 'surfside'") == [
        ("Always On",)
    ]
    assert paidmedia.sql("select count(ctr), count(cpc) from marts.daily_metrics where source = 'vibe'") == [(0, 0)]


@pytest.mark.usefixtures("warm")
def test_the_same_again_changes_nothing(paidmedia: Shell, tmp_path: Path) -> None:
    before = paidmedia.marts()
    export = tmp_path / "again.xlsx"
    export.write_bytes(samples.facebook_daily_by_region())
    assert paidmedia("upload", str(export), "--client", "acme", "--no-build").code == 0
    day = DAY.isoformat()
    assert paidmedia("load", "surfside", "--from", day, "--to", day, "--no-build").code == 0
    assert paidmedia("load", "vibe", "--from", day, "--to", day, "--no-build").code == 0
    assert paidmedia("build").code == 0
    assert paidmedia.marts() == before
    statuses = paidmedia.sql("select source, status from control.ingestion_runs order by source, started_at")
    assert [status for _, status in statuses] == ["loaded", "duplicate"] * 3


@pytest.mark.usefixtures("warm")
def test_a_rate_with_a_past_date_reprices_exactly_the_days_it_governs(paidmedia: Shell) -> None:
    change = SURFSIDE_WEEK.first_day.replace(day=5)
    query = "select date < :change, sum(spend) / sum(impressions) * 1000 from marts.daily_metrics group by 1 order by 1"
    assert paidmedia("cpm", "set", "acme", "12.3450", "--from", change.isoformat()).code == 0
    assert paidmedia("build").code == 0
    assert [(early, cpm.normalize()) for early, cpm in paidmedia.sql(query, change=change)] == [
        (False, Decimal("12.345")),
        (True, Decimal(17)),
    ]
    history = paidmedia("cpm", "history", "acme").out
    assert "17.0000" in history
    assert "12.3450" in history


@pytest.mark.usefixtures("warm")
def test_one_client_failing_is_named_while_the_others_arrive(paidmedia: Shell, bucket: Any) -> None:
    add_client(paidmedia, "beta", "--surfside-prefix", "beta", "--set", "surfside.campaign=B")
    add_client(paidmedia, "gamma", "--surfside-prefix", "gamma", "--set", "surfside.campaign=C", cpm="10")
    put_object(bucket, BUCKET, f"gamma/media-report-{DAY}.csv", samples.surfside_week())
    answer = paidmedia("load", "surfside", "--from", DAY.isoformat(), "--to", DAY.isoformat())
    assert answer.code == 1
    assert "Error: beta: " in answer.line
    assert f"beta/media-report-{DAY}.csv" in answer.line
    assert f"bucket {BUCKET}" in answer.line
    assert "gamma:" not in answer.line
    assert paidmedia.sql("select sum(impressions), sum(spend) from marts.daily_metrics where client_id = 'gamma'") == [
        (SURFSIDE_WEEK.impressions, SURFSIDE_WEEK.impressions * Decimal(10) / 1000)
    ]
    assert "beta" in paidmedia("status").out


@pytest.mark.usefixtures("warm")
def test_an_implausible_delivery_is_held_until_it_is_released(paidmedia: Shell, tmp_path: Path) -> None:
    before = paidmedia.marts()
    future = tmp_path / "future.csv"
    future.write_text(
        "Day,Campaign name,Ad set name,Ad name,Impressions,Link clicks,Amount spent (USD)\n"
        "2099-01-01,C,S,A,1000,3,5.00\n"
    )
    answer = paidmedia("upload", str(future), "--client", "gamma")
    assert answer.code == 1
    assert "held" in answer.line
    assert "future" in answer.line
    assert paidmedia.marts() == before
    delivery = paidmedia.sql("select delivery_id from control.delivery_verdicts where verdict = 'held'")[0][0]
    assert delivery in paidmedia("status").out
    assert paidmedia("release", delivery, "--why", "a test of the release").code == 0
    assert paidmedia("build").code == 0
    assert paidmedia.sql("select impressions from marts.daily_metrics where source = 'facebook' and client_id = 'gamma'"
                         ) == [(1000,)]  # fmt: skip


def test_a_day_without_a_rate_fails_the_build_by_client_and_dates(
    paidmedia: Shell, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    words = ("--name", "Late", "--cpm", "5", "--currency", "USD", "--from", "2026-01-02")
    assert paidmedia("client", "add", "late", *words).code == 0
    export = tmp_path / "late.csv"
    head = "Day,Campaign name,Ad set name,Ad name,Impressions,Link clicks,Amount spent (USD)\n"
    export.write_text(head + "2026-01-01,C,S,A,1000,3,5.00\n2026-01-02,C,S,A,1000,3,5.00\n")
    answer = paidmedia("upload", str(export), "--client", "late")
    assert answer.code == 1
    assert "assert_every_delivered_day_has_a_cpm" in answer.line
    assert "client_id=late" in answer.line
    assert "first_date=2026-01-01 last_date=2026-01-01" in answer.line
    query = "select date, spend from marts.daily_metrics where client_id = 'late' order by date"
    assert [spend for _, spend in paidmedia.sql(query)] == [None, Decimal("5.0000000")]
    assert paidmedia("cpm", "set", "late", "4", "--from", "2026-01-01").code == 0
    request.getfixturevalue("warm")
    assert paidmedia("build").code == 0
    assert [spend for _, spend in paidmedia.sql(query)] == [Decimal("4.0000000"), Decimal("5.0000000")]


def test_every_command_that_ran_a_job_left_a_run_in_dagster(paidmedia: Shell) -> None:
    with dg.DagsterInstance.from_config(str(get_settings().dagster_home)) as instance:
        jobs = {run.job_name for run in instance.get_runs()}
    assert {"surfside_load", "vibe_load", "facebook_load", "build"} <= jobs
