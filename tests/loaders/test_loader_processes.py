"""A loader in a process of its own: what it prints. What a kill leaves behind is the matter of `tests/crashes`."""

import os
import subprocess
import sys
from datetime import date

from tests.loaders import files
from tests.sources import facebook
from warehouse.settings import PROJECT_ROOT, Settings

LOAD = (
    "import sys; from tests.sources import facebook; from warehouse.settings import get_settings;"
    " facebook.load(get_settings(), sys.argv[1])"
)


def test_a_load_prints_nothing_of_its_own(settings: Settings, client_id: str) -> None:
    data = files.facebook(files.facebook_row(date(2025, 1, 1)))
    upload_id = facebook.receive(settings, data, "a.csv", client_id, "ann")
    command = [sys.executable, "-c", LOAD, str(upload_id)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=os.environ, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
