"""Dagster's events in SQLite, with the index of all runs kept open.

A build writes to the index eight hundred times. Dagster opens it for each, and closing the last connection of a file
makes SQLite copy its log and wait for the disk: 4 ms against 0.1 ms (`PRAGMA synchronous = NORMAL` may lose the last
entries when the machine loses power, never the file). The files of single runs stay as they are: the UI follows them
by their changes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from warehouse.settings import get_settings

BUSY_TIMEOUT_SECONDS = 60


class OpenIndexEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` with one connection to the index, below DAGSTER_HOME as Dagster's own default is."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._index: Engine | None = None
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "OpenIndexEventLogStorage":
        """Made by Dagster from `dagster.yaml`."""
        home = Path(os.environ.get("DAGSTER_HOME") or get_settings().dagster_home)
        return cls(str(home / "history" / "runs"), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard != INDEX_SHARD_NAME:
            with super()._connect(shard) as connection:
                yield connection
            return
        with self._db_lock:
            if self._index is None:
                self._index = self._open_index()
            with self._index.begin() as connection:
                yield connection

    def _open_index(self) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(INDEX_SHARD_NAME),
            poolclass=QueuePool,
            pool_size=1,
            connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
        )
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
        self._initdb(engine, for_index_shard=True)
        return engine

    def dispose(self) -> None:
        """Close the index, and what Dagster closes."""
        if self._index is not None:
            self._index.dispose()
        super().dispose()
