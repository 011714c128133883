"""Dagster's runs, events and schedules in Postgres, at `DAGSTER_DATABASE_URL`, each process with its connections kept.

Dagster opens a connection for every event: a build writes eight hundred, and a log-in by SCRAM takes milliseconds.
"""

from collections.abc import Mapping
from typing import Any

from dagster._config.config_schema import UserConfigSchema
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine
from sqlalchemy import make_url

from warehouse.errors import PaidMediaError
from warehouse.postgres.database import complete_url
from warehouse.settings import get_settings

IDLE_SECONDS = 300  # after which a connection is opened anew: a firewall may have forgotten it


class PostgresStorage(DagsterPostgresStorage):
    """`DagsterPostgresStorage` by the project's settings, so that its password may be in a file."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        parts: list[Any] = [self._run_storage, self._event_log_storage, self._schedule_storage]
        for part in parts:
            part._engine = create_pg_engine(
                postgres_url, None,
                isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=20, pool_pre_ping=True,
                pool_recycle=IDLE_SECONDS,
            )  # fmt: skip

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "PostgresStorage":
        """Made by Dagster from `deploy/dagster.yaml`."""
        settings = get_settings()
        if settings.dagster_database_url is None:
            raise PaidMediaError("Dagster's database is not named", fix="set DAGSTER_DATABASE_URL")
        url = complete_url(settings.dagster_database_url, settings.dagster_database_password, "DAGSTER_DATABASE_URL")
        driver = make_url(url).set(drivername="postgresql+psycopg2")
        return cls(driver.render_as_string(hide_password=False), inst_data)
