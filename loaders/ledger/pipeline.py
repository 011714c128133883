"""The dlt pipeline: Arrow tables → `raw_<source>`, appended with COPY, all tables of a delivery in one load package.

Every load has a pipeline folder of its own under `<home>/dlt`, removed afterwards: a crash leaves a folder and rows
without an entry in `_dlt_loads`, which nobody reads, and never half a package for the next load to finish.

Measured on 50,000 rows: 0.6 s as CSV through COPY, 0.25 s of it the package itself. Parquet would need ADBC, a driver
that is downloaded.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
from sqlalchemy import text

from loaders.errors import LoadFailed
from loaders.files.schema import json_columns, tables
from loaders.locks import locked
from loaders.registry import names, source_of
from warehouse.control import sources
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

_one_at_a_time = Lock()  # dlt keeps its active pipeline and its configuration per process

_INDEXES = (
    ("{rows}", "delivery_id"),
    ("rejects", "delivery_id"),
    ("deliveries", "delivery_id"),
    ("deliveries", "client_id, sha256"),
    ("deliveries", "client_id, origin"),
    ("deliveries", "_dlt_load_id"),
    ("delivery_days", "delivery_id"),
    ("delivery_days", "client_id, date"),
    ("_dlt_loads", "load_id"),
)

_TAKE_VIEWS = text(
    "select access.expect_nobody(access.lock_briefly("
    "array['ledger.packages', 'ledger.deliveries', 'ledger.delivery_days', 'ledger.rejects'], interval '5 minutes'))"
)


def prepare_all(settings: Settings | None = None) -> None:
    """Create the raw tables of every source where they are missing, so that dbt finds them before the first load.

    Says in `control.sources` which sources there are.
    """
    for source in names():
        prepare(source, settings)


def prepare(source: str, settings: Settings | None = None) -> None:
    """Create schema `raw_<source>`, its tables and indexes where they are missing, and take it into `ledger`.

    Safe to repeat, and free then.
    """
    settings = settings or get_settings()
    with database.session(settings) as current:
        sources.write(current, [source_of(source).record()])
    if _exist(source, settings, [*_tables(source), *(index for index, _, _ in _indexes(source))]):
        return  # `create index if not exists` would wait for every load that is writing
    with locked("paidmedia prepare", settings):
        if not _exist(source, settings, _tables(source)):
            with _pipeline(source, settings) as pipeline:
                pipeline.extract(_dlt_source(source, {}))
                pipeline.sync_schema()
        with database.session(settings) as current:
            for index, table, columns in _indexes(source):
                current.execute(text(f'create index if not exists "{index}" on raw_{source}.{table} ({columns})'))
            # In the transaction of the indexes, which are looked for above: a source that has them is in the views.
            # Whoever reads a view when it changes is waited for, and nobody behind them.
            current.execute(_TAKE_VIEWS)
            current.execute(text("select ledger.unite(:sources)"), {"sources": list(sources.names(current))})


def append(source: str, data: Mapping[str, Iterator[pa.Table]], settings: Settings) -> str:
    """Write one package of tables, by name, in batches. Returns its load id.

    Raises `LoadFailed`; then nothing of it counts.
    """
    with _pipeline(source, settings) as pipeline:
        with _failing(source):
            info = pipeline.run(_dlt_source(source, data), loader_file_format="csv")
            info.raise_on_failed_jobs()
        return str(info.loads_ids[0])


@contextmanager
def _failing(source: str) -> Iterator[None]:
    from dlt.common.exceptions import DltException

    try:
        yield
    except DltException as error:
        cause: BaseException = error
        while cause.__cause__ is not None or cause.__context__ is not None:
            cause = cause.__cause__ or cause.__context__ or cause
        reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]
        fix = "nothing of it counts; load again"
        raise LoadFailed(f"writing to raw_{source} failed", where=reason, fix=fix) from error


@contextmanager
def _pipeline(source: str, settings: Settings) -> Iterator[Any]:
    import dlt

    home = settings.paidmedia_home / "dlt"
    home.mkdir(parents=True, exist_ok=True)
    url = database.database_url(settings)
    folder = Path(tempfile.mkdtemp(dir=home, prefix=f"{source}-"))
    try:
        with _one_at_a_time:
            for key, value in _CONFIGURATION.items():
                dlt.config[key] = value
            pipeline = dlt.pipeline(
                pipeline_name=f"raw_{source}",
                destination=dlt.destinations.postgres(url, create_indexes=False),
                dataset_name=f"raw_{source}",
                pipelines_dir=str(folder),
                progress=None,
            )
            # dlt warns at each load that jsonb columns arrive as text, which is meant. A new pipeline sets the level.
            logging.getLogger("dlt").setLevel(logging.ERROR)
            yield pipeline
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_CONFIGURATION: dict[str, object] = {
    "runtime.dlthub_telemetry": False,
    "normalize.parquet_normalizer.add_dlt_load_id": True,
    # The folder is new each time: neither state nor schema is fetched from or kept in the database.
    "restore_from_destination": False,
}


def _dlt_source(source: str, data: Mapping[str, Iterator[pa.Table]]) -> Any:
    import dlt
    from dlt.extract.source import DltSource

    resources = [
        dlt.resource(batches, name=name, write_disposition="append", columns=_columns(name))
        for name, batches in data.items()
    ]
    return DltSource(_dlt_schema(source), f"raw_{source}", resources)


def _dlt_schema(source: str) -> Any:
    """The tables under a contract: nothing but what `schema.py` names is ever created."""
    import dlt
    from dlt.common.schema.utils import new_table

    schema = dlt.Schema(f"raw_{source}")
    for name in tables(source_of(source).row_table):
        columns = [{"name": column, **hints} for column, hints in _columns(name).items()]
        columns.append({"name": "_dlt_load_id", "data_type": "text", "nullable": False})
        schema.update_table(new_table(name, write_disposition="append", columns=columns))
    return schema


def _columns(table: str) -> dict[str, dict[str, Any]]:
    """dlt's hints for the columns of a raw table."""
    schema = tables(table)[table]  # a name that is none of the ledger's is the row table's
    return {field.name: _hint(field, is_json=field.name in json_columns(table)) for field in schema}


def _hint(field: pa.Field, *, is_json: bool) -> dict[str, Any]:
    hint: dict[str, Any] = {"nullable": field.nullable}
    if is_json:
        return hint | {"data_type": "json"}
    if pa.types.is_decimal(field.type):
        return hint | {"data_type": "decimal", "precision": field.type.precision, "scale": field.type.scale}
    if pa.types.is_timestamp(field.type):
        return hint | {"data_type": "timestamp"}
    if pa.types.is_date(field.type):
        return hint | {"data_type": "date"}
    return hint | {"data_type": "bigint" if pa.types.is_integer(field.type) else "text"}


def _tables(source: str) -> list[str]:
    return [*tables(source_of(source).row_table), "_dlt_loads", "_dlt_version"]


def _indexes(source: str) -> list[tuple[str, str, str]]:
    """Each index of a source as (name, table, columns)."""
    found = [(table.format(rows=source_of(source).row_table), columns) for table, columns in _INDEXES]
    return [(f"ix_{table.strip('_')}_{columns.replace(', ', '_')}", table, columns) for table, columns in found]


def _exist(source: str, settings: Settings, relations: Sequence[str]) -> bool:
    """Whether tables or indexes of `raw_<source>` are all there."""
    query = "select bool_and(to_regclass(name) is not null) from unnest(cast(:names as text[])) as name"
    names = [f'raw_{source}."{relation}"' for relation in relations]
    with database.session(settings) as current:
        return current.scalar(text(query), {"names": names}) is True
