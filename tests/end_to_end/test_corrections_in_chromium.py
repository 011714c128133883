"""A file with a rejected row, in a browser: the list and the marked file are downloaded, corrected and loaded."""

import csv
import io
import shlex
from pathlib import Path

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end import chromium
from tests.end_to_end.conftest import COPIES, FinishedRun
from tests.end_to_end.door import log_in
from tests.end_to_end.servers import app_server

pytestmark = [*chromium.marks(COPIES), pytest.mark.heavy]

EXPORT = """Day,Campaign name,Ad set name,Ad name,Impressions,Link clicks
""" + "".join(
    f"2025-06-01,Summer,Gardeners,{name},{impressions},3\n"
    for name, impressions in [("=Shears", "many"), *((f"Shears – {number}", "100") for number in range(24))]
)


def test_a_file_with_a_rejected_row_is_downloaded_corrected_and_loaded(
    page: Page, copied_run: FinishedRun, tmp_path: Path
) -> None:
    paidmedia = copied_run.command
    paidmedia("paidmedia", "client", "add", "shears", "--name", "Shears & Co", "--cpm", "10", "--currency", "USD",
              "--from", "2025-01-01")  # fmt: skip
    (tmp_path / "summer.csv").write_text(EXPORT)
    done = paidmedia("paidmedia", "upload", str(tmp_path / "summer.csv"), "--client", "shears", "--no-build")
    assert done.returncode == 0, done.stderr
    with app_server(copied_run.environment) as url:
        log_in(page, f"{url}/data_freshness?show=rejects&client=shears", copied_run.home)
        expect(page.get_by_test_id("stMetric").filter(has_text="Open failures")).to_be_visible(timeout=60_000)
        with page.expect_download() as whole:
            page.get_by_role("button", name="Whole file, rejected rows marked").click()
        with page.expect_download() as listed:
            page.get_by_role("button", name="List of rejected rows").click()
        advised = shlex.split(page.locator("[data-testid=stCode] code").inner_text())

    assert listed.value.suggested_filename == "summer-rejected.csv"
    assert cells(listed.value.path()) == [
        ["Row", "Column", "Value", "Rejected because"], ["2", "Impressions", "many", "not a number"]
    ]  # fmt: skip
    assert whole.value.suggested_filename == "summer-corrected.csv"
    delivered = list(csv.reader(io.StringIO(EXPORT)))
    marked = cells(whole.value.path())
    assert [row[:-2] for row in marked] == delivered
    assert [row[-2:] for row in marked[:3]] == [
        ["Rejected column", "Rejected because"], ["Impressions", "not a number"], ["", ""]
    ]  # fmt: skip

    corrected = tmp_path / whole.value.suggested_filename
    corrected.write_text(whole.value.path().read_text().replace("many", "100"))
    done = paidmedia(*(str(corrected) if word == corrected.name else word for word in advised), "--no-build")
    assert done.returncode == 0, done.stderr
    with psycopg2.connect(copied_run.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("select rows_read, rows_accepted, rows_rejected from control.ingestion_runs "
                       "where client_id = 'shears' order by started_at")  # fmt: skip
        assert cursor.fetchall() == [(25, 24, 1), (25, 25, 0)]


def cells(path: Path) -> list[list[str]]:
    """A downloaded CSV."""
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
