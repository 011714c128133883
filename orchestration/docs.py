"""`make docs`: the dbt docs as one static page, `PAIDMEDIA_HOME/docs/site/index.html`, with the database's catalog.

`python -m orchestration.docs PORT` serves the page on 127.0.0.1 as soon as it is built: the docs of `make serve`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from orchestration.lib.dbt_files import DBT_FOLDER, dbt_executable, environment
from orchestration.lib.dbt_parse import carry_over
from warehouse.errors import PaidMediaError
from warehouse.postgres.database import libpq_environment
from warehouse.settings import Settings, get_settings


def build_docs(settings: Settings) -> Path:
    """Generate the page and return its path. Raises `PaidMediaError` with dbt's last words."""
    target = settings.paidmedia_home / "docs" / "target"
    target.mkdir(parents=True, exist_ok=True)
    paths = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    command = [dbt_executable(), "--quiet", "docs", "generate", "--static", "--profiles-dir", str(DBT_FOLDER)]
    carry_over(target, libpq_environment(settings))
    with environment(libpq_environment(settings) | paths):
        done = subprocess.run(command, cwd=DBT_FOLDER, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = (done.stdout + done.stderr).strip().splitlines()
        raise PaidMediaError(f"dbt docs failed: {words[-1] if words else 'no output'}", where=str(DBT_FOLDER))
    page = settings.paidmedia_home / "docs" / "site" / "index.html"
    page.parent.mkdir(exist_ok=True)
    shutil.copyfile(target / "static_index.html", page)
    return page


def serve(settings: Settings, port: int) -> None:
    """Build, giving way to whoever else works, and become a server of the page."""
    os.nice(10)
    page = build_docs(settings)
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(page.parent)]
    os.execv(sys.executable, command)  # noqa: S606 – no shell is wanted


def main() -> None:
    """Build and say where the page is, or serve it."""
    from warehouse.cli.console import complain, say

    try:
        if len(sys.argv) > 1:
            serve(get_settings(), int(sys.argv[1]))
        say(f"The dbt docs are one page: {build_docs(get_settings())}")
    except PaidMediaError as error:
        complain(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
