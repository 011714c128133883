"""The dbt project built as a user builds it: in its own folder, with the usual libpq variables set."""

import json
import os
import subprocess
import sys
from pathlib import Path

from warehouse.database import libpq_environment
from warehouse.settings import PROJECT_ROOT, Settings

FINE = ("success", "pass", "no-op")  # an exposure is a no-op
UNPRICED = "assert_every_delivered_day_has_a_cpm"  # the one test that a history may fail: a rate may come too late


def build(settings: Settings, target: Path, *arguments: str, unpriced: int = 0) -> None:
    """`dbt build` without its unit tests. Raises `AssertionError` with what failed.

    All data tests must hold, only UNPRICED must name exactly `unpriced` clients. `target` keeps what dbt parsed.
    """
    dbt = Path(sys.executable).with_name("dbt")
    options = ["--no-use-colors", "--target-path", str(target), "--log-path", str(target)]
    done = subprocess.run(
        [str(dbt), "build", "--exclude-resource-type", "unit_test", *options, *arguments],
        cwd=PROJECT_ROOT / "dbt_project",
        env=os.environ | libpq_environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout[-4000:]
    results = json.loads((target / "run_results.json").read_text())["results"]
    by_name = {each["unique_id"].split(".")[2]: each for each in results}
    failed = sorted(name for name, each in by_name.items() if each["status"] not in FINE)
    assert set(failed) <= {UNPRICED}, f"{failed}\n{done.stdout[-6000:]}"
    found = by_name[UNPRICED]["failures"]
    assert found == unpriced, f"{UNPRICED} names {found} clients, {unpriced} have a day without a price"
