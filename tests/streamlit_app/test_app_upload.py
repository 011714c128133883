"""The Upload page: what a file holds before it is stored, the upload itself, and how far it has come."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from streamlit.testing.v1 import AppTest
from test_app_pages import MAIN, opened, texts

from serving import ledger
from streamlit_app import delivery_actions
from tests.loaders import files
from tests.serving import people
from tests.serving.people import ADA, ANA, CARL
from tests.sources import facebook
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import get_settings

DAY = date(2025, 11, 4)


@pytest.fixture(autouse=True)
def _no_uploads(marts: Engine) -> Iterator[None]:
    """Each test starts without uploads."""
    yield
    with marts.begin() as connection:
        tables = connection.scalars(
            text("select schemaname || '.' || tablename from pg_tables where schemaname like 'raw%'")
        )
        for table in ("control.ingestion_runs", "control.delivery_verdicts", "control.uploaded_files", *tables):
            connection.execute(text(f"delete from {table}"))


def export(*, bad: tuple[int, ...] = ()) -> bytes:
    """Sixty rows of one day; those numbered `bad` (the heading is 1) have no readable count."""
    return files.facebook(*(files.facebook_row(DAY, "=1+1" if number in bad else 100) for number in range(2, 62)))


def chosen(data: bytes, name: str = "november.csv") -> AppTest:
    """The page with a file chosen for Acme."""
    app = opened("upload")
    app.file_uploader[0].set_value((name, data, "text/csv"))
    app.run()
    assert not app.exception
    return app


def send(app: AppTest) -> AppTest:
    app.button(key="send").click().run()
    assert not app.exception
    return app


def stored() -> list[tuple[object, ...]]:
    query = "select client_id, filename, status, uploaded_by, as_of, supersede from control.uploaded_files"
    with database.session() as current:
        return [tuple(row) for row in current.execute(text(query))]


def test_a_file_is_read_before_anything_is_stored(marts: Engine) -> None:
    app = chosen(export(bad=(3,)))
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Rows"], shown["Rejected"], shown["Impressions"]) == ("59", "1", "5,900")
    assert "1 day, 4 Nov 2025" in texts(app)
    rejected = app.dataframe[0].value
    assert (rejected["Row"][0], rejected["Column"][0], rejected["Value"][0]) == (3, "Impressions", "=1+1")
    assert stored() == []


def test_an_upload_is_stored_once_under_the_persons_name_and_listed_as_waiting(marts: Engine) -> None:
    app = send(chosen(export()))
    assert stored() == [("acme", "november.csv", "received", ANA.name, None, False)]
    assert [row[0] for row in app.dataframe[0].value["State"]] == ["… Waiting"]
    assert "What the file holds is shown here" in texts(app)  # the uploader is empty again
    with database.session() as current:
        query = "select actor, new_values ->> 'filename' from control.audit_log where action = 'upload'"
        assert tuple(current.execute(text(query)).one()) == (ANA.name, "november.csv")


def test_a_time_of_the_export_or_that_it_is_right_is_stored_with_it(marts: Engine) -> None:
    app = chosen(export())
    app.radio(key="upload-way").set_value("supersede").run()
    send(app)
    app = chosen(export())
    app.radio(key="upload-way").set_value("as_of").run()
    app.date_input(key="export-day").set_value(date(2025, 11, 5)).run()
    send(app)
    assert {row[4:] for row in stored()} == {(None, True), (datetime(2025, 11, 5, tzinfo=UTC), False)}


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "empty"), (b"Day,Impressions\n", "Campaign name"), (export(bad=tuple(range(2, 40))), "cannot be used")],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason_and_not_stored(
    marts: Engine, data: bytes, said: str
) -> None:
    app = chosen(data)
    assert said in texts(app)
    assert [button for button in app.button if button.key == "send"] == []
    assert stored() == []


def test_its_states_lead_to_the_marts(marts: Engine) -> None:
    send(chosen(export(bad=(3,))))

    def state() -> str:
        return opened("upload").dataframe[0].value["State"][0][0]

    settings = get_settings()
    [upload] = facebook.pending(settings)
    facebook.load(settings, upload.upload_id)
    assert state() == "… Checking"
    [known] = ledger.uploads(ANA, ("acme",), 10)
    assert (known.rows_accepted, known.rows_rejected, known.covers_from) == (59, 1, DAY)
    with marts.begin() as connection:
        connection.execute(
            text(
                "insert into control.delivery_verdicts (delivery_id, source, client_id, verdict)"
                " values (:delivery_id, 'facebook', 'acme', 'passed')"
            ),
            {"delivery_id": known.delivery_id},
        )
    assert state() == "… Modelling"
    with marts.begin() as connection:
        connection.execute(text("create schema if not exists intermediate"))
        connection.execute(
            text(
                "create table intermediate.int_source_days__published"
                " (client_id text, source text, date date, delivery_id text, cpm numeric)"
            )
        )
        connection.execute(
            text("insert into intermediate.int_source_days__published values ('acme', 'facebook', :day, :id, 10)"),
            {"day": DAY, "id": known.delivery_id},
        )
    try:
        assert state() == "✓ In the marts"
        with marts.begin() as connection:
            connection.execute(text("truncate intermediate.int_source_days__published"))
            connection.execute(text("update control.delivery_verdicts set verdict = 'held'"))
        assert state() == "‖ Held"
    finally:
        with marts.begin() as connection:
            connection.execute(text("drop schema intermediate cascade"))


def test_the_same_file_again_is_said_to_be_a_duplicate(marts: Engine) -> None:
    settings = get_settings()
    for _ in range(2):
        send(chosen(export()))
        for upload in facebook.pending(settings):
            facebook.load(settings, upload.upload_id)
    states = [row[0] for row in opened("upload").dataframe[0].value["State"]]
    assert states == ["= Duplicate", "… Checking"]


def test_clients_have_no_such_page_and_may_not_upload(marts: Engine) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    with database.session() as current:
        app.session_state["token"] = people.token(current, CARL)
    app.run()
    with pytest.raises(ValueError, match="upload"):
        app.switch_page("views/upload.py").run()
    for attempt in (
        lambda: delivery_actions.preview(CARL, "facebook", "bolt", "a.csv", export()),
        lambda: delivery_actions.upload(CARL, "facebook", "bolt", "a.csv", export(), as_of=None, supersede=False),
    ):
        with pytest.raises(PaidMediaError, match="only people of the agency"):
            attempt()
    assert stored() == []


def test_a_time_to_come_is_refused(marts: Engine) -> None:
    with pytest.raises(PaidMediaError, match="still to come"):
        delivery_actions.upload(
            ADA, "facebook", "acme", "a.csv", export(), as_of=datetime.now(UTC) + timedelta(hours=1), supersede=False
        )
