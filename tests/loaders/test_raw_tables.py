"""The raw tables: made before the first load, written whole or not at all."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from loaders.errors import LoadFailed
from loaders.files.schema import tables
from loaders.ledger import pipeline
from loaders.ledger.pipeline import prepare_all
from loaders.registry import columns_of, names
from tests.loaders import files
from tests.sources import facebook
from warehouse.postgres import database
from warehouse.settings import Settings

DAY = date(2025, 11, 4)


@pytest.fixture
def prepared(settings: Settings) -> Settings:
    prepare_all(settings)
    return settings


def test_preparing_makes_every_table_empty_and_may_be_repeated_at_once(
    settings: Settings, ask: Callable[..., list[Any]]
) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: prepare_all(settings), range(3)))
    for source in names():
        found = {row[0] for row in ask(
            "select table_name from information_schema.tables where table_schema = :schema", schema=f"raw_{source}"
        )}  # fmt: skip
        assert found == {*tables(columns_of(source).table), "_dlt_loads", "_dlt_version"}
        assert ask(f"select count(*) from raw_{source}.deliveries") == [(0,)]


def test_the_three_sources_have_identical_columns(prepared: Settings, ask: Callable[..., list[Any]]) -> None:
    shapes = []
    for source in names():
        renamed = {columns_of(source).table: "rows"}
        rows = ask(
            "select table_name, column_name, data_type, is_nullable, numeric_precision, numeric_scale"
            " from information_schema.columns where table_schema = :schema and table_name not like :internal"
            " order by table_name, ordinal_position",
            schema=f"raw_{source}",
            internal=r"\_dlt%",
        )
        shapes.append(sorted((renamed.get(row[0], row[0]), *row[1:]) for row in rows))
    assert shapes[0] == shapes[1] == shapes[2]
    assert ("rows", "conversion_revenue", "numeric", "YES", 24, 9) in shapes[0]
    assert ("rows", "unmapped", "jsonb", "NO", None, None) in shapes[0]
    assert ("deliveries", "impressions_read", "numeric", "YES", 38, 9) in shapes[0]
    assert ("rejects", "_dlt_load_id", "character varying", "NO", None, None) in shapes[0]


def test_text_arrives_exactly_as_it_was_delivered(
    prepared: Settings, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    names = ["", " padded ", "tab\there", "line\r\nbreak", 'quo"te', "back\\slash \\. \\N", "emoji 😀", "null", "a,b;c"]
    rows = [("2025-11-04", name, "x", "y", 1, 0, "0", "2025-11-04", "2025-11-04", name) for name in names]
    data = files.csv_bytes((*files.FACEBOOK, "Region"), rows)
    (outcome,) = facebook.load(prepared, facebook.receive(prepared, data, "a.csv", client_id, "ann")).deliveries
    found = ask(
        "select campaign_name, unmapped ->> 'Region' from raw_facebook.ads_export where delivery_id = :id"
        " order by source_row",
        id=outcome.delivery_id,
    )
    assert found == [(name, name) for name in names]


def test_a_package_that_fails_halfway_counts_for_nothing(
    prepared: Settings, client_id: str, ask: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are good, the ledger breaks the database's own rules: nothing of it may be read."""
    (good,) = facebook.load(
        prepared, facebook.receive(prepared, files.facebook(files.facebook_row(DAY)), "a.csv", client_id, "ann")
    ).deliveries
    schemas = tables("ads_export")
    row = ask("select * from raw_facebook.ads_export where delivery_id = :id", id=good.delivery_id)[0]
    names = [field.name for field in schemas["ads_export"]]
    values = dict(zip(names, row, strict=False)) | {"delivery_id": "torn", "unmapped": json.dumps({})}
    reject = {
        "delivery_id": "torn",
        "source_row": 2,
        "column_name": "a",
        "value": "b",
        "reason": "c",
        "row_values": "{",
    }
    package = {
        "ads_export": pa.Table.from_pylist([values], schema=schemas["ads_export"]),
        "rejects": pa.Table.from_pylist([reject], schema=schemas["rejects"]),
    }
    with pytest.raises(LoadFailed, match="writing to raw_facebook failed"):
        pipeline.append("facebook", package, prepared)
    whole = (
        "select count(*) from raw_facebook.ads_export as data inner join raw_facebook._dlt_loads as loads"
        " on data._dlt_load_id = loads.load_id and loads.status = 0 where data.delivery_id = 'torn'"
    )
    assert ask(whole) == [(0,)]
    assert list((prepared.paidmedia_home / "dlt").iterdir()) == []


def test_a_write_that_fails_is_recorded_and_the_next_attempt_loads(
    prepared: Settings, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    upload_id = facebook.receive(prepared, files.facebook(files.facebook_row(DAY)), "a.csv", client_id, "ann")
    run(prepared, "alter table raw_facebook.delivery_days add constraint closed check (rows < 0) not valid")
    result = facebook.load(prepared, upload_id)
    run(prepared, "alter table raw_facebook.delivery_days drop constraint closed")
    assert not result.ok
    assert "closed" in result.errors[0]
    again = facebook.receive(prepared, files.facebook(files.facebook_row(DAY)), "a.csv", client_id, "ann")
    assert facebook.load(prepared, again).ok
    statuses = ask("select status from control.ingestion_runs where client_id = :c order by started_at", c=client_id)
    assert statuses == [("failed",), ("loaded",)]


def run(settings: Settings, statement: str) -> None:
    with database.session(settings) as current:
        current.connection().exec_driver_sql(statement)
