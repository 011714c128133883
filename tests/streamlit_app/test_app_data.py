"""The data page on a real ledger: each of its parts, what it changes, and what a viewer never sees."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import Engine, text
from streamlit.testing.v1 import AppTest

from loaders.results import DeliveryOutcome
from serving import format as shown_as
from serving import ledger
from streamlit_app import delivery_actions
from tests.loaders import files
from tests.serving import marts_tables
from tests.serving.people import ANA, CARL
from tests.sources import facebook
from tests.streamlit_app.test_app_pages import cards, opened, texts
from warehouse.control import IngestionRun
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

DAY = date(2025, 11, 4)
NOW = datetime(2025, 11, 5, 5, 0, tzinfo=UTC)
EVERYBODY, SOURCES = ("acme", "bolt", "cosmo"), ("surfside", "vibe", "facebook")


@pytest.fixture(autouse=True)
def _empty_ledger(marts: Engine) -> Iterator[None]:
    """Each test starts without attempts and deliveries."""
    yield
    with marts.begin() as connection:
        tables = connection.scalars(
            text("select schemaname || '.' || tablename from pg_tables where schemaname like 'raw%'")
        )
        for table in ("control.ingestion_runs", "control.uploaded_files", *tables):
            connection.execute(text(f"delete from {table}"))


@pytest.fixture
def attempt(marts: Engine) -> Callable[..., IngestionRun]:
    """Note an attempt, one minute after the one before."""
    minutes = iter(range(1_000))

    def note(status: str, client_id: str = "acme", source: str = "surfside", **columns: Any) -> IngestionRun:
        started = NOW + timedelta(minutes=next(minutes))
        values = {
            "origin": f"s3://reports/{client_id}/media-report-{DAY}.csv",
            "covers_from": DAY,
            "covers_to": DAY,
            "error": "the bucket cannot be read: check *the key*" if status in ("failed", "refused") else None,
            "finished_at": started + timedelta(seconds=2.5),
            "dagster_run_id": "run-1",
        }
        with database.session() as current:
            run = IngestionRun(
                source=source, client_id=client_id, status=status, started_at=started, **values | columns
            )
            current.add(run)
            current.flush()
            current.refresh(run)
            current.expunge(run)
        return run

    return note


@pytest.fixture
def upload(settings: Settings) -> Callable[..., DeliveryOutcome]:
    """Take in an export by the real loader."""

    def run(data: bytes, client_id: str, filename: str = "export.csv", **options: Any) -> DeliveryOutcome:
        upload_id = facebook.receive(settings, data, filename, client_id, "ann", **options)
        (outcome,) = facebook.load(settings, upload_id).deliveries
        return outcome

    return run


def export(*, bad: tuple[int, ...] = ()) -> bytes:
    """Sixty rows of one day; those numbered `bad` (the heading is 1) have no readable count."""
    return files.facebook(*(files.facebook_row(DAY, "=1+1" if number in bad else 100) for number in range(2, 62)))


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def test_before_any_attempt_each_part_says_so(marts: Engine) -> None:
    assert cards(opened("data_freshness"))["Open failures"][0] == "0"
    assert "Nothing is open" in texts(opened("data_freshness", show="failures"))
    assert "No attempt to load anything" in texts(opened("data_freshness", show="attempts"))
    assert "No row was rejected" in texts(opened("data_freshness", show="rejects"))


def test_open_failures_of_every_currency_are_counted_and_shown_in_full(
    marts: Engine, attempt: Callable[..., IngestionRun]
) -> None:
    attempt("failed", covers_from=None, covers_to=None)
    attempt("failed")
    shown = attempt("refused", "cosmo", "facebook", origin="export.csv")
    attempt("loaded", "bolt")
    app = opened("data_freshness", show="failures")
    assert cards(app)["Open failures"][0] == "2"
    assert app.segmented_control(key="show").options[1] == "Open failures · 2"
    assert r"the bucket cannot be read\: check \*the key\*" in texts(app)
    assert r":red-badge[⊘ Refused] **Facebook · Cosmo Kaffee**" in texts(app)
    assert shown.ingestion_run_id.hex[:8] in texts(app)
    app.multiselect(key="client").set_value(["cosmo"]).run()
    assert cards(app)["Open failures"][0] == "1"
    app.multiselect(key="source").set_value(["vibe"]).run()
    assert cards(app)["Open failures"][0] == "0"
    assert {"show": "failures", "client": "cosmo", "source": "vibe"}.items() <= app.query_params.items()
    press(app, "Reset filters")
    assert cards(app)["Open failures"][0] == "2"


def test_a_failure_is_resolved_only_with_a_reason_and_stays_on_record(
    marts: Engine, attempt: Callable[..., IngestionRun]
) -> None:
    attempt("failed")
    app = opened("data_freshness", show="failures")
    press(app, "Resolve")
    assert "a resolution needs a reason" in texts(app)
    assert cards(app)["Open failures"][0] == "1"
    app.text_input[0].set_value("nothing ran on that day")
    press(app, "Resolve")
    assert not app.exception
    assert cards(app)["Open failures"][0] == "0"
    assert "Nothing is open" in texts(app)
    assert [toast.value for toast in app.toast] == ["Resolved 1 attempt."]
    assert list(app.dataframe[0].value["Why"]) == ["nothing ran on that day"]
    with marts.connect() as connection:
        logged = connection.execute(
            text("select actor, new_values ->> 'why' from control.audit_log where action = 'resolve'")
        )
        assert [tuple(row) for row in logged] == [(ANA.name, "nothing ran on that day")]


def test_all_that_is_shown_is_resolved_at_once(marts: Engine, attempt: Callable[..., IngestionRun]) -> None:
    for number in range(3):
        attempt("failed", origin=str(number))
    attempt("failed", "bolt")
    app = opened("data_freshness", show="failures", client="acme")
    app.text_input(key="why-all").set_value("the campaign was paused")
    press(app, "Resolve")
    assert cards(app)["Open failures"][0] == "0"
    press(app, "Reset filters")
    assert cards(app)["Open failures"][0] == "1"


def test_what_another_person_resolved_meanwhile_is_said(marts: Engine, attempt: Callable[..., IngestionRun]) -> None:
    run = attempt("failed")
    app = opened("data_freshness", show="failures")
    (known,) = ledger.open_failures(ANA, EVERYBODY, SOURCES)
    assert known.ingestion_run_id == run.ingestion_run_id
    delivery_actions.resolve(ANA, [known], "paused")
    app.text_input[0].set_value("late")
    press(app, "Resolve")
    assert not app.exception
    assert f"{shown_as.escaped(ANA.name)} has resolved it" in texts(app)


def test_attempts_are_listed_newest_first_with_what_became_of_them(
    marts: Engine, attempt: Callable[..., IngestionRun]
) -> None:
    attempt("refused")
    attempt("loaded", rows_read=10, rows_accepted=8, rows_rejected=1, rows_dropped=1, warnings=["no clicks"])
    attempt("failed", "bolt", "vibe", origin="report 1", covers_to=DAY + timedelta(days=1))
    attempt("running", "cosmo", finished_at=None, covers_from=None, covers_to=None)
    app = opened("data_freshness", show="attempts")
    table = app.dataframe[0].value
    assert [list(each) for each in table["Outcome"]] == [
        ["… Running"], ["✕ Failed", "open"], ["✓ Loaded"], ["⊘ Refused", "made good"]
    ]  # fmt: skip
    assert list(table["Client"]) == ["Cosmo Kaffee", "Bolt Energy", "Acme Outdoor", "Acme Outdoor"]
    assert list(table["Days"]) == ["–", "4 – 5 Nov 2025", "4 Nov 2025", "4 Nov 2025"]
    assert list(table["File or report"])[1:3] == ["report 1", "media-report-2025-11-04.csv"]
    counts = ["Rows read", "Accepted", "Rejected", "Dropped", "Seconds"]
    assert list(table[counts].iloc[2]) == [10, 8, 1, 1, 2.5]
    assert list(table["What was said"])[2] == "no clicks"
    assert table["Dagster run"][2] == "run-1"
    assert table["Seconds"].isna()[0]
    app.button_group(key="status").set_value(["refused", "failed"]).run()
    assert len(app.dataframe[0].value) == 2
    assert app.query_params["status"] == ["refused", "failed"]


def test_rejected_rows_are_shown_with_the_file_to_correct_and_its_way_back(
    marts: Engine, upload: Callable[..., DeliveryOutcome]
) -> None:
    first = upload(export(bad=(3, 25)), "acme")
    app = opened("data_freshness", show="rejects")
    assert app.selectbox(key="delivery").options[0].startswith("export.csv · Facebook · Acme Outdoor · 2 of 60 rows · ")
    table = app.dataframe[0].value
    assert [list(row) for row in table.itertuples(index=False)] == [
        [3, "Impressions", "=1+1", "not a number"], [25, "Impressions", "=1+1", "not a number"]
    ]  # fmt: skip
    assert [(button.label, button.proto.disabled) for button in app.get("download_button")] == [
        ("Whole file, rejected rows marked", False), ("List of rejected rows", False)
    ]  # fmt: skip
    assert "paidmedia upload export-corrected.csv --client acme --as-of 20" in texts(app)

    (delivery,) = ledger.rejecting(ANA, EVERYBODY, SOURCES, 10)
    assert delivery.delivery_id == first.delivery_id
    marked = delivery_actions.whole_file(ANA, delivery).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(marked, newline="")))
    assert [number for number, row in enumerate(rows, start=1) if row[-1] == "not a number"] == [3, 25]


def test_a_file_that_the_landing_zone_has_lost_cannot_be_marked_and_this_is_said(
    marts: Engine, upload: Callable[..., DeliveryOutcome]
) -> None:
    upload(export(bad=(3,)), "acme", "lost.csv")
    (delivery,) = ledger.rejecting(ANA, EVERYBODY, SOURCES, 10)
    Path(get_settings().landing, delivery.landed_path).unlink()
    app = opened("data_freshness", show="rejects", delivery=delivery.delivery_id)
    assert [button.proto.disabled for button in app.get("download_button")] == [True, False]
    assert "not in the landing zone" in texts(app)


def carls_page(part: str) -> AppTest:
    """The page as a client's own user would open it."""

    def page() -> None:
        from serving.viewer import Viewer
        from streamlit_app.views import data_freshness

        data_freshness.show(Viewer(3, "carl@bolt.example", "client", ("bolt",)))

    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["show"] = part
    app.run()
    assert not app.exception
    return app


def test_a_viewer_sees_and_changes_nothing_of_another_client(
    marts: Engine, attempt: Callable[..., IngestionRun], upload: Callable[..., DeliveryOutcome]
) -> None:
    attempt("failed")
    attempt("failed", "bolt")
    upload(export(bad=(3,)), "acme")
    upload(export(bad=(4,)), "bolt")
    app = carls_page("failures")
    assert app.multiselect(key="client").options == ["Bolt Energy"]
    assert cards(app)["Missing data"][0] == "1"
    assert "Bolt Energy" in texts(app)
    assert "Acme" not in texts(app)
    assert [button.label for button in app.button] == ["Reset filters"]
    assert set(carls_page("attempts").dataframe[0].value["Client"]) == {"Bolt Energy"}
    rejected = carls_page("rejects")
    assert len(rejected.selectbox(key="received").options) == 1
    assert list(rejected.dataframe[0].value["Row"]) == [4]

    theirs = next(each for each in ledger.rejecting(ANA, EVERYBODY, SOURCES, 10) if each.client_id == "acme")
    assert {each.client_id for each in ledger.open_failures(CARL, EVERYBODY, SOURCES)} == {"bolt"}
    assert {each.client_id for each in ledger.rejecting(CARL, EVERYBODY, SOURCES, 10)} == {"bolt"}
    with pytest.raises(PaidMediaError, match="no delivery"):
        delivery_actions.rejected_rows(CARL, theirs)
    with pytest.raises(PaidMediaError, match="only people of the agency"):
        delivery_actions.resolve(CARL, ledger.open_failures(CARL, EVERYBODY, SOURCES), "mine")
    assert len(ledger.open_failures(ANA, EVERYBODY, SOURCES)) == 2


def test_restatements_of_the_own_clients_are_listed_newest_first_without_first_deliveries(marts: Engine) -> None:
    assert "No delivered day has changed" in texts(opened("data_freshness", show="restatements"))
    with marts.begin() as connection:
        connection.execute(
            text(
                """
                insert into marts.metric_restatements
                    (client_id, client_name, source, date, step, changed_at, cause, currency, impressions_change,
                    clicks_change, conversions_change, conversion_revenue_change, spend_change)
                values
                    ('acme', 'Acme', 'vibe', '2025-11-03', 1, '2025-11-04', 'first delivery', 'USD', 9, 0, 0, 0, 9),
                    ('acme', 'Acme', 'vibe', '2025-11-03', 2, '2025-11-05', 'newer delivery', 'USD', 5, 0, 1, 2, 3),
                    ('bolt', 'Bolt Energy', 'vibe', '2025-11-03', 2, '2025-11-06', 'cpm edit', 'USD', 0, 0, 0, 0, -1.5)
                """
            )
        )
    try:
        st.cache_data.clear()  # Postgres counts what was written only after a moment
        table = opened("data_freshness", show="restatements").dataframe[0].value
        assert list(table["Because"]) == ["CPM edit", "Newer delivery"]
        assert list(table["Spend"]) == [-1.5, 3.0]
        theirs = opened("data_freshness", viewer=CARL, show="restatements").dataframe[0].value
        assert list(theirs["Client"]) == ["Bolt Energy"]
    finally:
        marts_tables.create(marts)
        marts_tables.fill(marts)


def test_failures_are_told_before_there_are_any_marts(marts: Engine, attempt: Callable[..., IngestionRun]) -> None:
    attempt("failed")
    with marts.begin() as connection:
        connection.execute(text("drop schema marts cascade"))
    try:
        app = opened("data_freshness", show="failures")
        assert "There are no marts yet" in texts(app)
        assert "Surfside · Acme Outdoor" in texts(app)
    finally:
        marts_tables.create(marts)
        marts_tables.fill(marts)


def test_a_ledger_of_another_version_is_one_message(marts: Engine) -> None:
    with marts.begin() as connection:
        connection.execute(text("alter view ledger.viewer_attempts rename to viewer_runs"))
    try:
        app = opened("data_freshness")
        assert [error.value for error in app.error] == ["**The ledger is of another version**"]
        assert "paidmedia db migrate" in texts(app)
    finally:
        with marts.begin() as connection:
            connection.execute(text("alter view ledger.viewer_runs rename to viewer_attempts"))
