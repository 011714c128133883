"""What is sent to a client's reader: their numbers in their words, nothing of how the product works, or of others."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import streamlit as st
from google.protobuf.text_format import MessageToString
from sqlalchemy import Engine, text
from streamlit.testing.v1 import AppTest
from test_app_pages import MAIN, opened

from serving import ledger, queries, words
from serving.reports import FORMATS, contents, summary
from serving.viewer import Viewer
from streamlit_app import delivery_actions
from tests.loaders import files
from tests.serving.people import ADA, CARL
from tests.serving.report_readers import pages_of_pdf
from tests.sources import facebook
from warehouse.control import ATTEMPT_STATUSES, IngestionRun
from warehouse.deliveries.rejects import Reject
from warehouse.errors import PaidMediaError, ReaderError
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

DAY = date(2025, 11, 4)
NOW = datetime(2025, 11, 5, 5, 0, tzinfo=UTC)
CAUSE = "the bucket s3://reports cannot be read (S3_BUCKET_NAME, prefix bolt/): Traceback, paidmedia load surfside"
PARTS = ("failures", "attempts", "rejects", "restatements")

# What only people of the agency may read, by what it tells; (?i) where the case does not matter.
INTERNAL = {
    "the store": r"(?i)bucket|prefix|s3:|landing|bolt-export|report-77",
    "settings": "|".join(rf"\b{name.upper()}\b|\b{name}\b" for name in Settings.model_fields if "_" in name),
    "commands": r"(?i)paidmedia |make run|dagster|run-77|traceback|sha256",
    "the product's own terms": r"(?i)deliver(y|ies)|verdict|\bmarts?\b|\bCPM\b|content check|\bbuild\b|rejected",
    "what the platform costs": r"(?i)reported|amount spent|media spend|4711",
    "people of the agency": r"agency\.example|a private reason",
    "other clients": r"(?i)acme|cosmo",
}


@pytest.fixture(scope="module")
def planted(marts: Engine) -> Iterator[Engine]:
    """Bolt's data with all that goes wrong, and a little of another client's."""
    with marts.begin() as connection:
        for statement in PLANTED:
            connection.execute(text(statement))
    with database.session() as current:
        for number, status in enumerate(ATTEMPT_STATUSES * 2):
            current.add(_attempt(number, status, is_resolved=number >= len(ATTEMPT_STATUSES)))
    _take_in(files.facebook(*(files.facebook_row(DAY, 100, spend=_spend(number)) for number in range(60))))
    st.cache_data.clear()
    yield marts
    with marts.begin() as connection:
        tables = connection.scalars(
            text("select schemaname || '.' || tablename from pg_tables where schemaname like 'raw%'")
        )
        for table in ("control.ingestion_runs", "control.uploaded_files", *tables):
            connection.execute(text(f"delete from {table}"))


PLANTED = (
    "update marts.data_freshness set held_deliveries = 1, pending_deliveries = 2 where client_id = 'bolt'",
    """
    insert into marts.metric_restatements
        (client_id, client_name, source, date, step, changed_at, cause, currency, impressions_change, clicks_change,
        conversions_change, conversion_revenue_change, spend_change, reported_spend_change)
    values
        ('bolt', 'Bolt Energy', 'vibe', '2025-11-03', 2, '2025-11-05', 'newer delivery', 'USD', 5, 0, 1, 2, 3, 4711),
        ('bolt', 'Bolt Energy', 'vibe', '2025-11-03', 3, '2025-11-06', 'newer delivery', 'USD', 0, 0, 0, 0, 0, 4711),
        ('bolt', 'Bolt Energy', 'vibe', '2025-11-03', 4, '2025-11-06', 'cpm edit', 'USD', 0, 0, 0, 0, -1.5, 0)
    """,
    """
    insert into marts.spend_adjustments values
        (1, 'bolt', 'Bolt Energy', '2025-10-07', '2025-09-01', 1234.5678, 'USD', 14, '2025-09-03', now())
    """,
    """
    update marts.monthly_summaries set spend_adjustments = 1234.5678
    where client_id = 'bolt' and month_start = '2025-10-01'
    """,
)


def _attempt(number: int, status: str, *, is_resolved: bool) -> IngestionRun:
    went_wrong = status in ("failed", "refused")
    resolution = {"is_resolved": True, "resolved_at": NOW, "resolved_by": ADA.name, "resolution": "a private reason"}
    return IngestionRun(
        source="surfside", client_id="bolt", status=status, started_at=NOW, finished_at=NOW, covers_from=DAY,
        covers_to=DAY, origin=f"s3://reports/bolt/report-77-{number}.csv", dagster_run_id="run-77",
        error=CAUSE if went_wrong else None, warnings=["no column for reported spend"],
        **(resolution if is_resolved and went_wrong else {}),
    )  # fmt: skip


def _spend(number: int) -> str:
    return "4711 or so" if number == 7 else "1.00"


def _take_in(data: bytes) -> None:
    upload_id = facebook.receive(get_settings(), data, "bolt-export.csv", "bolt", ADA.name)
    facebook.load(get_settings(), upload_id)


def visits(viewer: Viewer, *pages: str) -> Iterator[tuple[str, AppTest]]:
    """The overview, other pages, and every part of the Data page, in one session."""
    creative = "select min(creative_id) from marts.daily_metrics where client_id = 'bolt' and source = 'surfside'"
    with database.engine().connect() as connection:
        node = f"creative:{connection.scalar(text(creative))}"
    app = opened(viewer=viewer, client="bolt", grain="month", open=node)
    yield "overview", app
    for page in (*pages, "data_freshness"):
        yield page, app.switch_page(f"views/{page}.py").run()
    for part in PARTS:
        yield part, app.segmented_control(key="show").set_value(part).run()


def sent(app: AppTest) -> str:
    """All that goes to the browser: every element's message, the cells of its tables, the address."""
    assert not app.exception
    return "\n".join([*_messages(app._tree.root), str(app.query_params)])


def _messages(block: Any) -> Iterator[str]:
    for node in block.children.values():
        if hasattr(node, "children"):
            yield MessageToString(node.proto, as_utf8=True) if node.proto else ""
            yield from _messages(node)
        elif node.type == "arrow_data_frame":
            yield node.proto.columns
            yield node.value.to_csv()
        else:
            yield MessageToString(node.proto, as_utf8=True)


def told(what: str) -> dict[str, set[str]]:
    """What of INTERNAL is in a text."""
    found = {name: {match.group() for match in re.finditer(pattern, what)} for name, pattern in INTERNAL.items()}
    return {name: matches for name, matches in found.items() if matches}


def test_no_page_sends_a_client_anything_internal_that_it_shows_the_agency(planted: Engine) -> None:
    leaks = {page: told(sent(app)) for page, app in visits(CARL, "performance", "summaries", "account")}
    assert {page: found for page, found in leaks.items() if found} == {}
    to_the_agency = "\n".join(sent(app) for _, app in visits(ADA))
    assert told(to_the_agency).keys() == INTERNAL.keys()  # else nothing was planted, or it is not seen


def test_no_file_that_a_client_takes_away_holds_anything_internal(planted: Engine) -> None:
    state = opened(viewer=CARL, client="bolt").session_state
    scope, as_of = state["scope"], state["as-of"]
    assert "last received" in as_of
    for report in (
        contents.report(scope, level="strategy", as_of=as_of),
        summary.report(scope, "month", date(2025, 10, 1), as_of=as_of),
    ):
        for form in FORMATS:
            assert told(_readable(form.write(report), form.extension)) == {}, form.extension


def _readable(file: bytes, extension: str) -> str:
    if extension == "pdf":
        return "\n".join(pages_of_pdf(file))
    if extension == "xlsx":
        with zipfile.ZipFile(io.BytesIO(file)) as book:
            return "\n".join(book.read(name).decode() for name in book.namelist())
    return file.decode()


def test_a_client_takes_no_delivered_file_and_reads_no_cell_that_says_what_the_platform_costs(planted: Engine) -> None:
    [mine] = ledger.rejecting(CARL, ("bolt",), ("facebook",), 10)
    with pytest.raises(ReaderError, match="only people of the agency"):
        delivery_actions.whole_file(CARL, mine)
    [row] = delivery_actions.rejected_rows(ADA, mine)
    assert (row.column_name, row.value) == ("Amount spent (USD)", "4711 or so")
    [row] = delivery_actions.rejected_rows(CARL, mine)
    assert (row.column_name, row.value, row.reason) == ("–", "–", "another cell cannot be read")
    clicks = Reject(3, "Link  CLICKS", "many", "not a number; also Amount spent (USD)")
    assert words.rejects(ADA, "facebook", [clicks], delivery_actions.is_shown) == [clicks]
    assert words.rejects(CARL, "facebook", [clicks], delivery_actions.is_shown) == [
        replace(clicks, reason="not a number")
    ]


def test_a_change_of_the_platforms_cost_alone_is_not_told_to_a_client(planted: Engine) -> None:
    causes = {}
    for viewer in (ADA, CARL):
        reading = queries.reading(viewer)
        assert reading is not None
        causes[viewer] = [row["cause"] for row in queries.restatements(reading, ("bolt",), ("vibe",), 9)]
    assert causes[ADA] == ["cpm edit", "newer delivery", "newer delivery"]
    assert causes[CARL] == ["cpm edit", "newer delivery"]


def test_an_error_is_whole_for_the_agency_and_for_others_only_where_it_is_meant_for_them() -> None:
    internal, plain = PaidMediaError("no", where="in the bucket", fix="DATABASE_URL"), ReaderError("too many days")
    assert words.error(ADA, internal) is internal
    for viewer in (CARL, None):
        assert words.error(viewer, plain) is plain
        assert told(str(words.error(viewer, internal))) == {}


def test_what_goes_wrong_is_told_to_a_client_and_at_the_door_without_the_cause(
    marts: Engine, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    inside, outside = opened(viewer=CARL), AppTest.from_file(str(MAIN), default_timeout=60)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody:secret@127.0.0.1:{unused_port}/nowhere")
    outside.query_params["token"] = "x"
    outside.session_state["token"] = "of a session"
    for app in (inside, outside):
        app.run()
        assert [error.value for error in app.error] == ["**This cannot be shown right now**"]
        assert told(sent(app)) == {}
        assert str(unused_port) not in sent(app)
