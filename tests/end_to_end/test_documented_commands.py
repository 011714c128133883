"""Every command that README and docs show is run, in order, on the data of a run."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.conftest import FinishedRun
from warehouse.settings import PROJECT_ROOT

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.slow]

DOCUMENTS = sorted([*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")])
# What other tests of this suite run, or what runs this suite.
ELSEWHERE = re.compile(r"^(git clone|cd |make (run|test|serve|check|install|clean|lock|graph|screenshots|docs)\b)")


def blocks(document: Path) -> list[str]:
    """The ```bash blocks of a document."""
    return re.findall(r"^```bash\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


WITH_COMMANDS = [document for document in DOCUMENTS if blocks(document)]


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
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
