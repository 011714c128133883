"""A parse that is carried over to another database is the one that dbt would have made for it."""

import os
import subprocess
from pathlib import Path
from typing import Any

import msgpack
import pytest

from orchestration.lib.dbt_files import DBT_FOLDER, dbt_executable
from orchestration.lib.dbt_parse import NAME, carry_over

ELSEWHERE = {"PGHOST": "db.example", "PGPORT": "6543", "PGUSER": "ana", "PGPASSWORD": "x", "PGDATABASE": "elsewhere"}


def parsed_by_dbt(target: Path) -> str:
    """What `dbt parse` says for the other database in a folder."""
    env = os.environ | ELSEWHERE | {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    command = [dbt_executable(), "--debug", "parse", "--profiles-dir", str(DBT_FOLDER)]
    done = subprocess.run(command, cwd=DBT_FOLDER, env=env, capture_output=True, text=True, check=True)
    return done.stdout


def without_times(value: Any) -> Any:
    """A parse without when it was made."""
    if isinstance(value, dict):
        skipped = ("created_at", "generated_at", "invocation_id", "invocation_started_at", "run_started_at")
        return {key: without_times(each) for key, each in value.items() if key not in skipped}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def content(target: Path) -> Any:
    return without_times(msgpack.unpackb((target / NAME).read_bytes(), strict_map_key=False))


def test_dbt_takes_the_parse_that_was_carried_over_for_its_own(tmp_path: Path) -> None:
    assert carry_over(tmp_path, ELSEWHERE)
    assert not carry_over(tmp_path, ELSEWHERE)
    said = parsed_by_dbt(tmp_path)
    assert "Partial parsing enabled, no changes found, skipping parsing" in said, said[-3000:]


@pytest.mark.heavy
def test_it_is_what_dbt_would_have_parsed(tmp_path: Path) -> None:
    carry_over(tmp_path / "carried", ELSEWHERE)
    said = parsed_by_dbt(tmp_path / "anew")
    assert "skipping parsing" not in said
    carried, anew = content(tmp_path / "carried"), content(tmp_path / "anew")
    assert set(carried) == set(anew)
    assert [key for key in anew if carried[key] != anew[key]] == []


def test_a_torn_parse_is_replaced(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\x82half")
    assert carry_over(tmp_path, ELSEWHERE)
    assert not carry_over(tmp_path, ELSEWHERE)


def test_without_a_parse_to_carry_over_dbt_is_left_to_parse(tmp_path: Path) -> None:
    (tmp_path / "torn").write_bytes(b"\x82half")
    for source in (tmp_path / "missing", tmp_path / "torn"):
        assert not carry_over(tmp_path, ELSEWHERE, source)
    assert not (tmp_path / NAME).exists()


def test_the_parse_of_another_database_is_replaced(tmp_path: Path) -> None:
    carry_over(tmp_path, ELSEWHERE | {"PGDATABASE": "before"})
    assert carry_over(tmp_path, ELSEWHERE)
    assert {node["database"] for node in content(tmp_path)["nodes"].values()} == {"elsewhere"}
