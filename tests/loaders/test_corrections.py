"""A file with rejected rows goes out marked, comes back corrected, and takes the place of what it corrects."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loaders.errors import LoadFailed
from loaders.files.corrections import MARKS, marked_file
from loaders.files.tabular import read_table
from loaders.results import DeliveryOutcome
from sandbox.s3 import put_object, s3_client, s3_server
from tests.loaders import files
from tests.sources import facebook, surfside
from warehouse.deliveries import landing, rejects, verdicts
from warehouse.deliveries.landing import FileChanged, FileLost
from warehouse.deliveries.rejects import Reject, RejectingDelivery
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

DAY = date(2025, 11, 4)
Upload = Callable[..., DeliveryOutcome]
Marked = tuple[RejectingDelivery, list[list[str]]]


@pytest.fixture
def upload(settings: Settings, client_id: str) -> Upload:
    """Take in an export; what was loaded is let through as a build would."""

    def run(data: bytes, filename: str = "export.csv", **options: Any) -> DeliveryOutcome:
        upload_id = facebook.receive(settings, data, filename, client_id, "ann", **options)
        (outcome,) = facebook.load(settings, upload_id).deliveries
        with database.session(settings) as current:
            new = verdicts.pending(current, "facebook")
            verdicts.record(current, "facebook", [verdicts.Judgement(*each) for each in new])
        return outcome

    return run


@pytest.fixture
def days_now(ask: Callable[..., list[Any]], client_id: str) -> Callable[[], dict[date, tuple[int, int]]]:
    """Rows and impressions of each day, of the delivery that wins it."""

    def run() -> dict[date, tuple[int, int]]:
        rows = ask(
            "select distinct on (days.date) days.date, days.rows, days.impressions from raw_facebook.delivery_days days"
            " inner join raw_facebook.deliveries using (delivery_id) where days.client_id = :client"
            " order by days.date, deliveries.as_of desc, deliveries.delivered_at desc, deliveries.delivery_id desc",
            client=client_id,
        )
        return {day: (count, int(impressions)) for day, count, impressions in rows}

    return run


def marked(settings: Settings, delivery_id: str | None) -> Marked:
    """The delivery and its marked file as cells, as a spreadsheet would open it."""
    assert delivery_id is not None
    with database.session(settings) as current:
        delivery = rejects.delivery(current, delivery_id)
        data = marked_file(settings, delivery, rejects.rows(current, delivery))
    return delivery, list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def saved(cells: Sequence[Sequence[str]]) -> bytes:
    return files.csv_bytes(cells[0], cells[1:], bom=True)


def as_advised(delivery: RejectingDelivery) -> dict[str, Any]:
    """The options of the command that the download comes with."""
    command = rejects.way_back(delivery).command
    assert command is not None
    found = re.fullmatch(rf"paidmedia upload (\S+) --client {delivery.client_id} --as-of (\S+)", command)
    assert found, command
    return {"filename": found[1], "as_of": datetime.fromisoformat(found[2])}


def export(last: int, *, bad: Sequence[int] = (), impressions: int = 100) -> bytes:
    """Twenty rows a day, from DAY to `last` days after it; rows numbered `bad` (heading 1) cannot be read."""
    rows = [files.facebook_row(DAY + timedelta(days=n), impressions) for n in range(last + 1) for _ in range(20)]
    for number in bad:
        rows[number - 2] = files.facebook_row(DAY + timedelta(days=(number - 2) // 20), "many")
    return files.facebook(*rows)


def test_a_file_goes_out_marked_and_its_corrected_whole_takes_its_place(
    settings: Settings, upload: Upload, days_now: Callable[[], dict[date, tuple[int, int]]], ask: Callable[..., Any]
) -> None:
    first = upload(export(2, bad=(3, 25, 61)))
    assert (first.rows_read, first.rows_accepted, first.rows_rejected) == (60, 57, 3)
    assert set(days_now().values()) == {(19, 1900)}

    delivery, cells = marked(settings, first.delivery_id)
    assert cells[0] == [*files.FACEBOOK, *MARKS]
    assert len(cells) == 61
    wrong = {number: row for number, row in enumerate(cells, start=1) if any(row[-2:]) and number > 1}
    assert list(wrong) == [3, 25, 61]
    assert all(row[-2:] == ["Impressions", "not a number"] for row in wrong.values())
    for row in wrong.values():
        row[cells[0].index("Impressions")] = "400"

    second = upload(saved(cells), **as_advised(delivery))
    assert (second.status, second.rows_read, second.rows_accepted, second.rows_rejected) == ("loaded", 60, 60, 0)
    assert days_now() == {DAY + timedelta(days=n): (20, 2300) for n in range(3)}
    rows = "select distinct unmapped - 'Reporting starts' - 'Reporting ends' from raw_facebook.ads_export"
    kept = ask(f"{rows} where delivery_id = :id order by 1", id=second.delivery_id)
    assert kept == [
        (dict(zip(MARKS, ("", ""), strict=True)),), (dict(zip(MARKS, ("Impressions", "not a number"), strict=True)),)
    ]  # fmt: skip
    with database.session(settings) as current:
        assert rejects.delivery(current, delivery.delivery_id).is_replaced


def test_a_correction_leaves_the_days_that_a_newer_export_has_restated(
    settings: Settings, upload: Upload, days_now: Callable[[], dict[date, tuple[int, int]]]
) -> None:
    first = upload(export(2, bad=(3, 61)))
    newer = files.facebook(*(files.facebook_row(DAY + timedelta(days=n), 7) for n in (2, 3)))
    assert upload(newer, "newer.csv").status == "loaded"

    delivery, cells = marked(settings, first.delivery_id)
    assert (delivery.days, delivery.replaced_days, delivery.is_replaced) == (3, 1, False)
    for number in (3, 61):
        cells[number - 1][cells[0].index("Impressions")] = "400"
    assert upload(saved(cells), **as_advised(delivery)).rows_accepted == 60
    assert list(days_now().values()) == [(20, 2300), (20, 2000), (1, 7), (1, 7)]


def test_a_correction_that_is_still_wrong_is_marked_anew(settings: Settings, upload: Upload) -> None:
    delivery, cells = marked(settings, upload(export(2, bad=(3, 25))).delivery_id)
    cells[2][cells[0].index("Impressions")] = "400"
    cells[24][cells[0].index("Impressions")] = "-4"
    again, cells = marked(settings, upload(saved(cells), **as_advised(delivery)).delivery_id)
    assert again.corrected_name == delivery.corrected_name == "export-corrected.csv"
    assert cells[0] == [*files.FACEBOOK, *MARKS]
    assert [row[-2:] for row in cells[1:] if any(row[-2:])] == [["Impressions", "negative"]]


@pytest.fixture
def landed(settings: Settings, client_id: str) -> Callable[..., RejectingDelivery]:
    """A delivery of these bytes in the landing zone, without a load."""

    def run(data: bytes, filename: str) -> RejectingDelivery:
        kept = landing.store(
            data, settings, source="facebook", client_id=client_id, filename=filename, on=DAY, is_upload=True
        )
        now = datetime.now(UTC)
        return RejectingDelivery(
            "d-1", "facebook", "Facebook", "upload", client_id, filename, kept.path, kept.sha256, now, now,
            DAY, DAY, 2, 1, 1, 0,
        )  # fmt: skip

    return run


ROWS = [
    (DAY, "Spring\t sale ", '=1+"2"', "Say “hi”,\nthen\r\ngo", "1.0", "'3", "\u00a0"),
    (DAY, "@home", "-5 %", "+49 30", 7, "", " $ 4.76 "),
]
HEADING = (" Day ", "Name", "Name", "", "Impressions", "Rejected\u00a0column", "Spend")
SHAPES = {
    "comma.csv": files.csv_bytes(HEADING, ROWS),
    "marked with a BOM.csv": files.csv_bytes(HEADING, ROWS, bom=True),
    "utf-16.csv": files.csv_bytes(HEADING, ROWS).decode().encode("utf-16"),
    "blank lines.csv": b"\n\n" + files.csv_bytes(HEADING, [ROWS[0], ("",) * 7, ROWS[1]]) + b"\n\n",
    "workbook.xlsx": files.xlsx_bytes(HEADING, [[cell if cell != '=1+"2"' else "'=" for cell in row] for row in ROWS]),
    "gaps.xlsx": files.xlsx_bytes(
        HEADING, [(), ROWS[1], (), (), (datetime.fromisoformat("2025-11-04T13:30"), *ROWS[1][1:])]
    ),
}


@pytest.mark.parametrize("filename", SHAPES)
def test_every_cell_comes_back_as_it_was_delivered_in_the_row_that_it_had(
    settings: Settings, landed: Callable[..., RejectingDelivery], filename: str
) -> None:
    data = SHAPES[filename]
    delivery = landed(data, filename)
    delivered = read_table(data, filename, max_size=2**20)
    returned = read_table(marked_file(settings, delivery, []), delivery.corrected_name, max_size=2**20)
    of_marks = delivered.header.index("Rejected column")
    assert returned.header == [*(each for each in delivered.header if each != "Rejected column"), *MARKS]
    for before, after in zip(delivered.batches(), returned.batches(), strict=True):
        assert after.row_numbers == before.row_numbers
        columns = [column for index, column in enumerate(before.columns) if index != of_marks]
        texts = [[cell if isinstance(cell, str) else cell.isoformat() for cell in column] for column in columns]
        assert [list(column) for column in after.columns[:-2]] == texts


def test_a_landing_zone_that_lost_or_changed_a_file_is_named(
    settings: Settings, landed: Callable[..., RejectingDelivery]
) -> None:
    delivery = landed(SHAPES["comma.csv"], "comma.csv")
    with pytest.raises(LoadFailed, match=r"comma\.csv has no row 9"):
        marked_file(settings, delivery, [Reject(9, "Name", "x", "not a number")])
    path = Path(settings.landing, delivery.landed_path)
    path.write_bytes(b"Day\n")
    with pytest.raises(FileChanged, match="was changed in the landing zone"):
        marked_file(settings, delivery, [])
    path.unlink()
    with pytest.raises(FileLost, match="is not in the landing zone"):
        marked_file(settings, delivery, [])


def test_a_corrected_surfside_file_beside_the_old_one_replaces_it(
    settings: Settings, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as endpoint:
        monkeypatch.setenv("S3_BUCKET_NAME", "reports")
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        bucket, settings = s3_client(endpoint), get_settings()
        bucket.create_bucket(Bucket="reports")
        rows = [files.surfside_row(DAY) for _ in range(39)]
        key, at = f"{client_id}/media-report-{DAY}.csv", datetime(2025, 11, 5, 4, 30, tzinfo=UTC)
        put_object(bucket, "reports", key, files.surfside(*rows, files.surfside_row(DAY, "#DIV/0!")), at)
        (first,) = surfside.load(settings, client_id, DAY, DAY).deliveries
        assert (first.rows_accepted, first.rows_rejected) == (39, 1)

        delivery, cells = marked(settings, first.delivery_id)
        cells[40][cells[0].index("Impressions")] = "100"
        advised = rejects.way_back(delivery).advice
        wanted = f"s3://reports/{client_id}/media-report-{DAY}-corrected.csv"
        assert wanted in advised
        put_object(bucket, "reports", wanted.removeprefix("s3://reports/"), saved(cells), at + timedelta(hours=5))
        (second,) = surfside.load(settings, client_id, DAY, DAY).deliveries
        assert (second.status, second.rows_accepted, second.rows_rejected) == ("loaded", 40, 0)
