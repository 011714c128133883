"""What `make sources` makes is committed as it makes it; a file of no source any more goes."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from loaders.registry import registry, source_of
from orchestration import sources
from orchestration.lib import source_models
from orchestration.lib.dbt_files import DBT_FOLDER


def test_what_is_committed_is_what_the_sources_say() -> None:
    wanted, found = source_models.made(registry().values()), source_models.there()
    assert sorted(wanted) == sorted(found), "make sources"
    assert [path for path in wanted if wanted[path] != found[path]] == [], "make sources"


def test_a_new_source_is_written_and_an_old_one_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "dbt_project"
    shutil.copytree(DBT_FOLDER, folder, ignore=shutil.ignore_patterns("target", "logs"))
    every = list(registry().values())
    assert source_models.write(every, folder) == []
    changed = source_models.write([*every, replace(source_of("vibe"), name="owl", row_table="letters")], folder)
    assert {Path(path).name for path in changed} == {
        "known_sources.sql", "raw_owl.yml", "stg_owl__letters.sql", "stg_owl__letters.yml",
        "int_owl_metrics__summed.sql", "int_owl_metrics__summed.yml",
    }  # fmt: skip
    assert "source('raw_owl', 'letters')" in (folder / "models/staging/owl/stg_owl__letters.sql").read_text()
    assert source_models.write(every, folder) == changed
    assert source_models.there(folder) == source_models.made(every)


def test_the_check_names_each_file_that_differs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sources", "--check"])
    assert sources.main() == 0
    monkeypatch.setattr(source_models, "there", lambda: {})
    assert sources.main() == 1
    assert "dbt_project/macros/project/known_sources.sql is not what the sources say" in capsys.readouterr().err
