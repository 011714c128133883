"""The asset graph as a snapshot, its connection from end to end, and the parity of the sources."""

import json
from pathlib import Path

import dagster as dg
import pytest

from loaders.registry import names as source_names
from loaders.registry import source_of
from orchestration.definitions import defs
from orchestration.lib import names
from orchestration.lib.dbt_files import DBT_FOLDER, manifest
from orchestration.lib.judging import suite_of

SNAPSHOT = Path(__file__).with_name("asset_graph.json")


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return defs()


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> dict[str, dict[str, list[str]]]:
    """Asset key → its upstream keys and its checks."""
    resolved = definitions.resolve_asset_graph()
    return {
        key.to_user_string(): {
            "deps": sorted(parent.to_user_string() for parent in resolved.get(key).parent_keys),
            "checks": sorted(check.name for check in resolved.get(key).check_keys),
        }
        for key in sorted(resolved.get_all_asset_keys())
    }


def test_the_asset_graph_is_as_it_was_last_agreed(graph: dict, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--renew-graph"):
        SNAPSHOT.write_text(json.dumps(graph, indent=1) + "\n")
    assert graph == json.loads(SNAPSHOT.read_text()), "wanted? then `make graph` renews the snapshot"


def test_every_page_of_the_app_is_fed_by_all_three_origins(graph: dict) -> None:
    def upstream(key: str) -> set[str]:
        return {key}.union(*(upstream(parent) for parent in graph[key]["deps"]))

    origins = {names.origin_key(source).to_user_string() for source in source_names()}
    pages = [key for key in graph if key.startswith("streamlit_app/")]
    assert len(pages) >= 4
    for page in pages:
        assert origins <= upstream(page), page


def test_the_schedules_run_at_their_times_in_utc(definitions: dg.Definitions) -> None:
    schedules = {each.name: each for each in definitions.get_repository_def().schedule_defs}
    assert {name: (each.cron_schedule, each.execution_timezone) for name, each in schedules.items()} == {
        "surfside_daily": ("0 5 * * *", "UTC"),
        "vibe_daily": ("0 6 * * *", "UTC"),
        "summaries_daily": ("0 7 * * *", "UTC"),
        "retention_daily": ("30 3 * * *", "UTC"),
        "backup_daily": ("0 2 * * *", "UTC"),
        "restore_drill_weekly": ("0 4 * * 0", "UTC"),
    }


@pytest.mark.parametrize("source", source_names())
def test_a_source_has_all_its_places(source: str, graph: dict) -> None:
    """What its object does not carry by itself: the generated models, and the assets that join them to its tables."""
    table = source_of(source).row_table
    assert suite_of(source).table == f"raw_{source}.{table}"
    assert (DBT_FOLDER / "models" / "staging" / source / f"stg_{source}__{table}.sql").exists()
    assert f"raw_{source}/{table}" in graph
    union = json.loads(manifest().read_text())["nodes"]["model.paid_media.int_metrics__united"]
    assert f"model.paid_media.stg_{source}__{table}" in union["depends_on"]["nodes"]
    checks = graph[f"raw_{source}/{table}"]["checks"]
    assert {names.CLIENTS_CHECK, names.EXPECTATIONS_CHECK} <= set(checks)
