"""The documents name only what is there: files, make targets, commands, settings."""

import re
from pathlib import Path

import pytest

from warehouse.settings import PROJECT_ROOT, Settings

DOCUMENTS = sorted([*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")])
NAMES = [str(path.relative_to(PROJECT_ROOT)) for path in DOCUMENTS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_link_leads_to_a_file(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text())
    missing = [
        target for target in targets if "://" not in target and not (document.parent / target).resolve().exists()
    ]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_make_target_named_is_in_the_makefile(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", document.read_text()))
    assert named <= targets


def test_the_example_of_the_settings_names_every_setting_and_no_other() -> None:
    text = (PROJECT_ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
    known = {name.upper() for name in Settings.model_fields}
    assert known - named == set()
    of_compose = set(re.findall(r"\$\{([A-Z0-9_]+)", (PROJECT_ROOT / "docker-compose.yml").read_text()))
    assert named - known == of_compose - known | {"COMPOSE_PROFILES"}
