"""The dbt project built as a user builds it: in its own folder, with the usual libpq variables set."""

import json
import os
from pathlib import Path

from tests.warm_dbt import MODELS_ONLY, WITHOUT_UNIT_TESTS, run
from warehouse.postgres.database import libpq_environment
from warehouse.settings import Settings

FINE = ("success", "pass", "no-op")  # an exposure is a no-op
UNPRICED = "assert_every_delivered_day_has_a_cpm"  # the one test that a history may fail: a rate may come too late


def build(settings: Settings, target: Path, *arguments: str, unpriced: int | None = None) -> None:
    """`dbt build` of the models. Raises `AssertionError` with what failed.

    With `unpriced` the data tests run too: all must hold, only UNPRICED must name exactly so many clients.
    """
    options = ["--no-use-colors", "--target-path", str(target), "--log-path", str(target)]
    kinds = MODELS_ONLY if unpriced is None else WITHOUT_UNIT_TESTS
    done = run(["build", *kinds, *options, *arguments], os.environ | libpq_environment(settings))
    assert done.returncode in (0, 1), done.stdout[-4000:]
    results = json.loads((target / "run_results.json").read_text())["results"]
    by_name = {each["unique_id"].split(".")[2]: each for each in results}
    failed = sorted(name for name, each in by_name.items() if each["status"] not in FINE)
    assert set(failed) <= {UNPRICED}, f"{failed}\n{done.stdout[-6000:]}"
    if unpriced is not None:
        found = by_name[UNPRICED]["failures"]
        assert found == unpriced, f"{UNPRICED} names {found} clients, {unpriced} have a day without a price"
