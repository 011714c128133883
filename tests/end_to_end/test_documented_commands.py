"""Every command that README and docs show is one of ours, and is run, in order, on the data of a run.

What takes minutes, because it loads and builds, is run in the long form.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import typer
from typer._click.exceptions import UsageError
from typer.core import TyperGroup

from orchestration import cli
from tests.end_to_end.conftest import COPIES, FinishedRun
from warehouse.settings import PROJECT_ROOT

DOCUMENTS = sorted([*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")])
# What other tests of this suite run, or what runs this suite.
TARGETS = "run|test|serve|check|install|clean|lock|graph|sources|screenshots|docs"
ELSEWHERE = re.compile(rf"^(git clone|cd |pytest |make ({TARGETS})\b)")


def blocks(document: Path) -> list[str]:
    """The ```bash blocks of a document."""
    return re.findall(r"^```bash\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


OPERATORS = ("|", ">", ">>", "&&", "||", ";", "<")
MINUTES = ("docs/cli.md", "docs/runbooks/backfill.md", "docs/runbooks/failed-check.md")
WITH_COMMANDS = [
    pytest.param(document, id=(name := str(document.relative_to(PROJECT_ROOT))),
                 marks=[pytest.mark.torture, pytest.mark.long] if name in MINUTES else [pytest.mark.heavy])
    for document in DOCUMENTS if blocks(document)
]  # fmt: skip


def test_every_command_of_ours_in_a_document_has_the_words_that_it_is_shown_with() -> None:
    ours = typer.main.get_command(cli.app)
    shown = [words for document in DOCUMENTS for block in blocks(document) for words in typed(block)]
    for words in shown:
        try:
            parse(ours, words)
        except UsageError as error:
            pytest.fail(f"paidmedia {shlex.join(words)}: {error.format_message()}")
    assert len(shown) > 50


def typed(block: str) -> Iterator[list[str]]:
    """The words behind each `paidmedia` of a block; what the shell would put in is one word."""
    plain = re.sub(r"\$\([^)]*\)|\$\{[^}]*\}|\$\w+", "2026-01-01", block.replace("\\\n", " "))
    for command in re.finditer(r"""\bpaidmedia( (?:[^"'\n]|"[^"]*"|'[^']*')*)""", plain):
        lexer = shlex.shlex(command[1], posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        yield list(takewhile(lambda word: word not in OPERATORS, lexer))


def parse(command: Any, words: list[str]) -> None:
    """Parse as the command would, without doing anything. Raises typer's own `UsageError`."""
    context = command.make_context("paidmedia", list(words))
    while isinstance(command, TyperGroup):
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, words, parent=context)


@pytest.mark.xdist_group(COPIES)
@pytest.mark.parametrize("document", WITH_COMMANDS)
def test_the_commands_of_a_document_run(document: Path, copied_run: FinishedRun, tmp_path: Path) -> None:
    script = ["set -euo pipefail"]
    for block in blocks(document):
        script += [line for line in block.splitlines() if not ELSEWHERE.match(line)]
    environment = copied_run.environment | {"TMPDIR": str(tmp_path), "PAGER": "cat"}
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True,
        timeout=540, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
