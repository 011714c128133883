"""The documents name only what is there: files, make targets, commands, settings."""

import re
from pathlib import Path

import pytest

from warehouse.settings import PROJECT_ROOT, Settings

DOCUMENTS = sorted([*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")])
ROOMS = ("warehouse", "loaders", "expectations", "dbt_project", "serving", "orchestration", "streamlit_app", "tests")
TO_WRITE = "loaders/sources/google_ads.py"  # what a reader of CONTRIBUTING is shown how to write
NAMES = [str(path.relative_to(PROJECT_ROOT)) for path in DOCUMENTS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_link_leads_to_a_file(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text())
    missing = [
        target for target in targets if "://" not in target and not (document.parent / target).resolve().exists()
    ]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_file_named_with_its_folder_is_there(document: Path) -> None:
    named = re.findall(r"`((?:{})/[\w/.-]+\.\w+)`".format("|".join(ROOMS)), document.read_text())
    assert not [path for path in named if path != TO_WRITE and not (PROJECT_ROOT / path).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_make_target_named_is_in_the_makefile(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
    assert named <= targets


def test_the_example_of_the_settings_names_every_setting_and_no_other() -> None:
    text = (PROJECT_ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
    known = {name.upper() for name in Settings.model_fields}
    assert known - named == set()
    of_compose = set(re.findall(r"\$\{([A-Z0-9_]+)", (PROJECT_ROOT / "docker-compose.yml").read_text()))
    assert named - known == of_compose - known | {"COMPOSE_PROFILES"}
