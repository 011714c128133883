"""Dagster's events in SQLite, with the files kept open that a run writes to: its own, and the index of all runs.

A build writes some sixteen hundred times. Dagster opens the file for each, and closing the last connection of a file
makes SQLite copy its log and wait for the disk: 4 ms against 0.1 ms (`PRAGMA synchronous = NORMAL` may lose the last
entries when the machine loses power, never the file). The UI follows a run by the changes of its file, so each event
touches it: what is written lies in SQLite's log beside it.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from warehouse.settings import get_settings

BUSY_TIMEOUT_SECONDS = 60


class OpenEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` with a connection to the index and one to the run that is written, below DAGSTER_HOME."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: dict[str, Engine] = {}
        self._written_run: str | None = None
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "OpenEventLogStorage":
        """Made by Dagster from `dagster.yaml`."""
        home = Path(os.environ.get("DAGSTER_HOME") or get_settings().dagster_home)
        return cls(str(home / "history" / "runs"), inst_data)

    def store_event(self, event: EventLogEntry) -> None:
        """Write an event, and tell whoever follows its run."""
        self._written_run = event.run_id
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard not in (INDEX_SHARD_NAME, self._written_run):
            with super()._connect(shard) as connection:
                yield connection
            return
        with self._db_lock:
            if shard not in self._kept:
                self._close_all_but((INDEX_SHARD_NAME, shard))
                self._kept[shard] = self._open(shard)
            with self._kept[shard].begin() as connection:
                yield connection

    def _open(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            pool_size=1,
            connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
        )
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
        self._initdb(engine, for_index_shard=shard == INDEX_SHARD_NAME)
        return engine

    def _close_all_but(self, shards: Collection[str]) -> None:
        for shard in [shard for shard in self._kept if shard not in shards]:
            self._kept.pop(shard).dispose()

    def dispose(self) -> None:
        """Close what is kept open, and what Dagster closes."""
        self._close_all_but(())
        super().dispose()
