"""Migrations: up, down and up again; the models say what the database holds."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from warehouse import control
from warehouse.control import migrate
from warehouse.errors import PaidMediaError
from warehouse.postgres import database, isolation
from warehouse.settings import Settings


def test_the_models_and_the_migrated_database_are_the_same(settings: Settings) -> None:
    with database.engine(settings).connect() as connection:
        options = {
            "include_schemas": True,
            "version_table_schema": "control",
            "include_name": lambda name, kind, _: kind != "schema" or name in ("control", "access"),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, control.Base.metadata) == []


def test_the_constant_names_the_newest_migration(settings: Settings) -> None:
    with database.engine(settings).connect() as connection:
        script = ScriptDirectory.from_config(migrate._config(connection))
    assert script.get_current_head() == migrate.HEAD


def test_down_and_up_again(settings: Settings) -> None:
    migrate.migrate(settings, "base")
    assert migrate.current_revision(settings) is None
    with pytest.raises(PaidMediaError, match="paidmedia db migrate"):
        migrate.ensure_migrated(settings)
    migrate.migrate(settings)
    assert migrate.current_revision(settings) == migrate.HEAD
    with database.engine(settings).connect() as connection:
        assert connection.scalar(text("select count(*) from control.clients")) == 0


def test_marts_that_were_there_before_are_protected_and_laid_open_again(settings: Settings) -> None:
    migrate.migrate(settings, "0007")
    with database.session() as current:
        current.execute(text("create schema marts"))
        current.execute(text("create table marts.dim_clients (client_id text)"))
        current.execute(text("create table marts.daily_metrics (client_id text, date date) partition by range (date)"))
    migrate.migrate(settings)
    with database.session() as current:
        assert isolation.violations(current) == []
    migrate.migrate(settings, "0007")
    with database.session() as current:
        query = "select count(*) from pg_class where relnamespace = 'marts'::regnamespace and relrowsecurity"
        assert current.scalar(text(query)) == 0
        assert current.scalar(text("select count(*) from pg_roles where rolname like current_database() || '%'")) == 0
    migrate.migrate(settings)
