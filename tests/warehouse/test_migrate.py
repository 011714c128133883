"""Migrations: up, down and up again; the models say what the database holds."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from warehouse import control, database, migrate
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings


def test_the_models_and_the_migrated_database_are_the_same(settings: Settings) -> None:
    with database.engine(settings).connect() as connection:
        options = {
            "include_schemas": True,
            "version_table_schema": "control",
            "include_name": lambda name, kind, _: kind != "schema" or name == "control",
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
