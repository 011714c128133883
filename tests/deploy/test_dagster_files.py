"""The settings of Dagster's instance: on a server the same as on a laptop, but kept in Postgres."""

from typing import Any

import pytest
import yaml

from orchestration.lib.instance import instance_file
from orchestration.lib.postgres_storage import PostgresStorage
from warehouse.errors import PaidMediaError
from warehouse.settings import PROJECT_ROOT, Settings

STORAGE = ("storage", "event_log_storage")


def content(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / name).read_text())
    return loaded


def test_both_instances_differ_in_their_storage_only() -> None:
    laptop, server = content("dagster.yaml"), content("deploy/dagster.yaml")
    assert {name: value for name, value in laptop.items() if name not in STORAGE} == {
        name: value for name, value in server.items() if name not in STORAGE
    }
    assert server["storage"]["class"] == PostgresStorage.__name__


def test_a_database_for_dagster_chooses_the_server_s_file() -> None:
    assert instance_file(Settings(_env_file=None)) == PROJECT_ROOT / "dagster.yaml"
    url = "postgresql://dagster@127.0.0.1/dagster"
    assert instance_file(Settings(dagster_database_url=url, _env_file=None)) == PROJECT_ROOT / "deploy/dagster.yaml"


def test_a_server_without_a_database_for_dagster_is_told_which_setting_it_lacks() -> None:
    with pytest.raises(PaidMediaError, match="set DAGSTER_DATABASE_URL"):
        PostgresStorage.from_config_value(None, {})
