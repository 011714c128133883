"""The dbt docs as people open them: one page that asks nobody else, with every mart's columns and who reads it."""

import json
import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end import chromium
from tests.end_to_end.conftest import FinishedRun

pytestmark = [*chromium.marks(), pytest.mark.heavy]


@pytest.fixture(scope="module")
def docs(finished_run: FinishedRun) -> Path:
    """What `make docs` builds."""
    done = finished_run.command(sys.executable, "-m", "orchestration.docs")
    assert done.returncode == 0, done.stderr
    return finished_run.home / "docs"


def test_a_marts_columns_and_the_way_to_its_readers_are_on_one_page_that_asks_nobody_else(
    page: Page, docs: Path
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = (docs / "site" / "index.html").as_uri()
    page.goto(f"{address}#!/model/model.paid_media.daily_metrics")
    expect(page.get_by_role("heading", name=re.compile("daily_metrics"))).to_be_visible(timeout=60_000)
    columns = page.locator("table tr", has_text="reported_spend")
    expect(columns.first).to_contain_text("numeric")
    expect(columns.first).to_contain_text("platform")
    page.goto(f"{address}#!/exposure/exposure.paid_media.performance")
    expect(page.get_by_text("The way down from campaign to strategy").first).to_be_visible(timeout=60_000)
    page.get_by_title("View Lineage Graph").click()
    expect(page.locator("canvas").last).to_be_visible(timeout=60_000)
    elsewhere = [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
    assert elsewhere == []


def test_every_column_of_every_mart_is_described_and_every_page_of_the_app_is_an_exposure(docs: Path) -> None:
    manifest = json.loads((docs / "target" / "manifest.json").read_text())
    catalog = json.loads((docs / "target" / "catalog.json").read_text())
    marts = {key: node for key, node in manifest["nodes"].items() if node.get("access") == "public"}
    assert "model.paid_media.daily_metrics" in marts
    for key, node in marts.items():
        described = {name for name, column in node["columns"].items() if column["description"].strip()}
        assert set(catalog["nodes"][key]["columns"]) == described, key
    read = {each for exposure in manifest["exposures"].values() for each in exposure["depends_on"]["nodes"]}
    assert {"model.paid_media.daily_metrics", "model.paid_media.weekly_summaries"} <= read <= set(marts)
