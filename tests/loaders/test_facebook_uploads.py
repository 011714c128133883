"""Facebook: from an upload to Postgres, in whatever order exports come."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from loaders.errors import LoadRefused
from loaders.results import DeliveryOutcome
from tests.loaders import files
from tests.sources import facebook
from warehouse.deliveries import verdicts
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

DAY = date(2025, 11, 4)
Upload = Callable[..., DeliveryOutcome]


def days(first: int, last: int, impressions: int = 100) -> bytes:
    """An export of some days after DAY."""
    return files.facebook(*(files.facebook_row(DAY + timedelta(days=n), impressions) for n in range(first, last + 1)))


@pytest.fixture
def upload(settings: Settings, client_id: str) -> Upload:
    def run(data: bytes, filename: str = "export.csv", **options: Any) -> DeliveryOutcome:
        upload_id = facebook.receive(settings, data, filename, client_id, "ann", **options)
        (outcome,) = facebook.load(settings, upload_id).deliveries
        return outcome

    return run


def test_an_upload_is_received_loaded_and_settled(
    settings: Settings, client_id: str, tmp_path: Path, ask: Callable[..., list[Any]]
) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(days(0, 1))
    upload_id = facebook.receive(settings, path, path.name, client_id, "ann")
    assert upload_id in [waiting.upload_id for waiting in facebook.pending(settings)]
    assert [waiting.filename for waiting in facebook.pending(settings, [str(upload_id)])] == ["export.csv"]
    result = facebook.load(settings, upload_id, dagster_run_id="run-1")
    assert result.ok
    assert result.client_id == client_id
    assert facebook.pending(settings, [str(upload_id)]) == []
    (row,) = ask("select status, delivery_id from control.uploaded_files where upload_id = :id", id=upload_id)
    assert row == ("loaded", result.deliveries[0].delivery_id)
    landed = ask("select landed_path from raw_facebook.deliveries where delivery_id = :id", id=row[1])[0][0]
    assert Path(settings.landing, landed).read_bytes() == path.read_bytes()


def test_the_same_file_twice_changes_nothing(upload: Upload, ask: Callable[..., list[Any]], client_id: str) -> None:
    first, second = upload(days(0, 1)), upload(days(0, 1), "copy.csv")
    assert (second.status, second.delivery_id) == ("duplicate", first.delivery_id)
    assert ask("select count(*) from raw_facebook.deliveries where client_id = :client", client=client_id) == [(1,)]


def test_two_uploads_of_the_same_file_at_once_are_one_delivery(settings: Settings, client_id: str) -> None:
    uploads = [facebook.receive(settings, days(0, 1), "export.csv", client_id, "ann") for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda upload_id: facebook.load(settings, upload_id), uploads))
    assert sorted(result.deliveries[0].status for result in results) == ["duplicate", "loaded"]


def test_an_older_export_with_the_same_numbers_is_welcome(upload: Upload) -> None:
    upload(days(0, 5))
    assert upload(days(0, 2)).status == "loaded"


def test_a_held_export_does_not_make_an_older_one_suspicious(
    settings: Settings, upload: Upload, client_id: str
) -> None:
    held = upload(days(0, 5))
    assert held.delivery_id is not None
    with database.session(settings) as current:
        verdicts.record(current, "facebook", [verdicts.Judgement(held.delivery_id, client_id, [{"why": "odd"}])])
    assert upload(days(0, 2, 90)).status == "loaded"


def test_what_is_wrong_with_a_file_is_kept_with_the_upload(upload: Upload, ask: Callable[..., list[Any]]) -> None:
    outcome = upload(b"Tag,Name der Kampagne\n1,2\n", "german.csv")
    assert outcome.status == "refused"
    (row,) = ask("select status, message from control.uploaded_files where filename = 'german.csv'")
    assert row == ("refused", outcome.error)
    assert ask("select count(*) from control.ingestion_runs where origin = 'german.csv' and status = 'refused'") == [
        (1,)
    ]


@pytest.mark.parametrize(
    ("data", "filename", "options", "message"),
    [
        (b"", "a.csv", {}, "a.csv is empty"),
        (b"x", "../a.csv", {}, "holds a path"),
        (b"x", "a.pdf", {}, "neither CSV nor XLSX"),
        (b"x", "a.csv", {"as_of": datetime(2999, 1, 1, tzinfo=UTC)}, "still to come"),
        (b"x", "a.csv", {"as_of": datetime(2025, 1, 1, tzinfo=UTC), "supersede": True}, "say two things"),
        (Path("/nowhere/a.csv"), "a.csv", {}, "cannot be read"),
    ],
)
def test_a_file_past_the_limits_is_not_received(
    settings: Settings, client_id: str, data: Any, filename: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(PaidMediaError, match=message):
        facebook.receive(settings, data, filename, client_id, "ann", **options)


def test_a_file_that_is_too_large_is_not_even_read(
    settings: Settings, client_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 2_000)
    small = settings.model_copy(update={"max_upload_size": 1_000})
    with pytest.raises(LoadRefused, match="too large"):
        facebook.receive(small, path, path.name, client_id, "ann")


def test_unknown_clients_and_uploads_are_named(settings: Settings) -> None:
    with pytest.raises(PaidMediaError, match="unknown client"):
        facebook.receive(settings, b"x", "a.csv", "nobody", "ann")
    with pytest.raises(PaidMediaError, match="unknown upload"):
        facebook.load(settings, uuid4())


def test_a_settled_upload_is_reported_and_not_loaded_again(settings: Settings, client_id: str) -> None:
    upload_id = facebook.receive(settings, days(0, 1), "export.csv", client_id, "ann")
    first = facebook.load(settings, upload_id)
    again = facebook.load(settings, str(upload_id))
    assert again.ok
    assert again.deliveries[0].delivery_id == first.deliveries[0].delivery_id


def test_a_run_that_died_after_writing_recognises_its_own_delivery(
    settings: Settings, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    upload_id = facebook.receive(settings, days(0, 1), "export.csv", client_id, "ann")
    (outcome,) = facebook.load(settings, upload_id).deliveries
    # What the database looks like when the process is killed right after the package was whole.
    with database.session(settings) as current:
        for table in ("uploaded_files", "ingestion_runs"):
            status = "received" if table == "uploaded_files" else "running"
            current.connection().exec_driver_sql(
                f"update control.{table} set status = '{status}' where delivery_id = '{outcome.delivery_id}'"
            )
    (again,) = facebook.load(settings, upload_id).deliveries
    assert (again.status, again.delivery_id) == ("loaded", outcome.delivery_id)
    assert ask("select status from control.uploaded_files where upload_id = :id", id=upload_id) == [("loaded",)]
    assert ask("select status from control.ingestion_runs where client_id = :client", client=client_id) == [("loaded",)]


def test_a_preview_tells_what_a_file_would_bring_and_stores_nothing(
    settings: Settings, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    preview = facebook.validate(settings, days(0, 1), "export.csv", client_id)
    assert preview["rows"] == {"read": 2, "accepted": 2, "rejected": 0, "dropped": 0}
    assert preview["measures"]["impressions"] == 200
    assert preview["days"] == (DAY, DAY + timedelta(days=1))
    with pytest.raises(LoadRefused, match="no column for"):
        facebook.validate(settings, b"a,b\n1,2\n", "export.csv", client_id)
    assert ask("select count(*) from control.uploaded_files where client_id = :client", client=client_id) == [(0,)]
