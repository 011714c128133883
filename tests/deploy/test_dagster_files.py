"""The settings of Dagster's instance: on a server the same as on a laptop, but kept in Postgres."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from sqlalchemy import text

from orchestration.lib.instance import instance_file, prepare_dagster_home
from orchestration.lib.postgres_storage import PostgresStorage
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import PROJECT_ROOT, Settings, get_settings

STORAGE = ("storage", "event_log_storage")


def content(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / name).read_text())
    return loaded


def test_both_instances_differ_in_their_storage_only() -> None:
    laptop, server = content("dagster.yaml"), content("deploy/dagster.yaml")
    assert {name: value for name, value in laptop.items() if name not in STORAGE} == {
        name: value for name, value in server.items() if name not in STORAGE
    }
    assert server["storage"]["custom"]["class"] == PostgresStorage.__name__


def test_what_dagster_notes_is_in_postgres_and_its_connections_are_kept(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_DATABASE_URL", database_url)
    monkeypatch.setenv("PAIDMEDIA_HOME", str(tmp_path))
    home = prepare_dagster_home(get_settings())
    with dg.DagsterInstance.from_config(str(home)) as instance:
        run = dg.job(name="of_nothing")(lambda: None).execute_in_process(instance=instance)
        storage = instance.event_log_storage
        with storage._connect() as first:  # type: ignore[attr-defined]
            one = first.scalar(text("select pg_backend_pid()"))
        with storage._connect() as again:  # type: ignore[attr-defined]
            assert again.scalar(text("select pg_backend_pid()")) == one
        with database.session() as current:
            assert current.scalar(text("select status from public.runs")) == "SUCCESS"
        # A worker is told by the server that starts it which instance it works for.
        with dg.DagsterInstance.from_ref(instance.get_ref()) as another:
            assert another.get_run_by_id(run.run_id) is not None


def test_a_database_for_dagster_chooses_the_server_s_file() -> None:
    assert instance_file(Settings(_env_file=None)) == PROJECT_ROOT / "dagster.yaml"
    url = "postgresql://dagster@127.0.0.1/dagster"
    assert instance_file(Settings(dagster_database_url=url, _env_file=None)) == PROJECT_ROOT / "deploy/dagster.yaml"


def test_a_server_without_a_database_for_dagster_is_told_which_setting_it_lacks() -> None:
    with pytest.raises(PaidMediaError, match="set DAGSTER_DATABASE_URL"):
        PostgresStorage.from_config_value(None, {})
