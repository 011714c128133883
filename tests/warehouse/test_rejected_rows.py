"""Rejected rows as services and commands show them: harmless to spreadsheets and terminals, with the right way back."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from warehouse.cli import deliveries
from warehouse.deliveries import rejects
from warehouse.deliveries.rejects import Reject, RejectingDelivery
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

AT = datetime(2025, 11, 5, 4, 30, 12, 345678, tzinfo=UTC)
DELIVERY = RejectingDelivery(
    "facebook-acme-1", "facebook", "Facebook", "upload", "acme", "Ads of May.xlsx", "/landing/ab/abc/Ads of May.xlsx",
    "abc", AT, AT, date(2025, 11, 1), date(2025, 11, 4), rows_read=100, rows_rejected=2, days=4, replaced_days=1,
)  # fmt: skip


@pytest.mark.parametrize("cell", ["=1+1", "+49 30", "-12", "@sum", " =1", "\t=1", "\tx", "\rx"])
def test_a_list_for_reading_holds_no_cell_that_a_spreadsheet_would_run(cell: str) -> None:
    text = rejects.as_list([Reject(7, "Ad name", cell, "negative")]).decode("utf-8-sig")
    heading, row = csv.reader(io.StringIO(text, newline=""))
    assert heading == ["Row", "Column", "Value", "Rejected because"]
    assert row == ["7", "Ad name", f"'{cell}", "negative"]


@pytest.mark.parametrize("cell", ["many", "#DIV/0!", "4.5", "", "a=b", "Über – alles"])
def test_an_ordinary_cell_stays_as_it_is(cell: str) -> None:
    assert rejects.harmless(cell) == cell


def test_an_upload_goes_back_with_the_time_of_what_it_corrects() -> None:
    back = rejects.way_back(DELIVERY)
    assert back.command == (
        "paidmedia upload 'Ads of May-corrected.csv' --client acme --as-of 2025-11-05T04:30:12.345678"
    )
    assert "--client acme --as-of" in (rejects.way_back(replace(DELIVERY, as_of=AT), "mended.csv").command or "")


def test_a_surfside_file_goes_back_into_its_folder_and_newer_files_are_named() -> None:
    delivery = replace(
        DELIVERY, source="surfside", transport="object_store", origin="s3://b/acme/media-report-2025-11-04.xlsx"
    )
    advice = rejects.way_back(delivery).advice
    assert "s3://b/acme/media-report-2025-11-04-corrected.csv" in advice
    assert "newer files have restated 1 of its 4 days" in advice
    assert "newer files" not in rejects.way_back(replace(delivery, replaced_days=0)).advice


def test_a_vibe_report_cannot_go_back_and_is_asked_for_again() -> None:
    back = rejects.way_back(replace(DELIVERY, source="vibe", title="Vibe", transport="report_api", origin="report 1"))
    assert "A Vibe report cannot be handed in corrected: have it corrected at Vibe" in back.advice
    assert back.command == "paidmedia load vibe --client acme --from 2025-11-01 --to 2025-11-04"


def test_without_any_delivery_there_are_no_rejects(settings: Settings) -> None:
    with database.session(settings) as current:
        assert rejects.deliveries(current) == []
        with pytest.raises(PaidMediaError, match=r"no delivery 'x' with rejected rows.*paidmedia rejects"):
            rejects.delivery(current, "x")


def test_a_terminal_gets_no_control_character_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    deliveries.show_rejects(DELIVERY, [Reject(3, "Ad [/b]", "\x1b[31m[/red]\n[bold]x", "not a number")])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[31m[/red] [bold]x" in shown
    assert "Ad [/b]" in shown


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "marked.csv"
    deliveries.write_file(path, b"one")
    with pytest.raises(PaidMediaError, match="is there already"):
        deliveries.write_file(path, b"two")
    assert path.read_bytes() == b"one"
    with pytest.raises(PaidMediaError, match="cannot be written"):
        deliveries.write_file(tmp_path / "no" / "folder.csv", b"x")
