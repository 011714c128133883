"""What ended a build, in one line: dbt reports every model and test that a lost database or a broken model has hit."""

from collections.abc import Mapping, Sequence
from typing import Any

from warehouse.errors import PaidMediaError

Results = Sequence[Mapping[str, Any]]  # of run_results.json
# How libpq says that the server has gone, is going or is not back yet.
LOST = ("connection to server", "server closed the connection", "terminating connection", "connection already closed",
        "the database system is")  # fmt: skip


def explained(error: Exception, results: Results) -> Exception:
    """The error of a build for a person; `error` itself where only tests failed, whose checks say why."""
    reason = lost_database(error, results)
    if reason is not None:
        return PaidMediaError("the database was lost in the middle of it", where=reason, fix="build again")
    failed = [each for each in results if each["status"] == "error"]
    broken = [each for each in failed if each["unique_id"].startswith("model.")]
    if not broken:
        return _of_publishing(failed) or error
    others = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
    words = " ".join(str(broken[0].get("message")).split())[:500]
    return PaidMediaError(f"model {broken[0]['unique_id'].split('.')[2]}{others} failed", where=words)


def _of_publishing(failed: Results) -> Exception | None:
    """The error of what dbt does before and after all models: it prepares the live tables and publishes to them."""
    hooks = [each for each in failed if each["unique_id"].startswith("operation.")]
    if not hooks:
        return None
    said = str(hooks[0].get("message")).partition(" failed, error:\n")[2].partition("\nCONTEXT:")[0]
    return PaidMediaError("the build could not publish", where=" ".join(said.split())[:500])


def lost_database(error: Exception | None, results: Results) -> str | None:
    """The line that says that the database has gone; None when it has not."""
    messages = [str(each.get("message")) for each in results if each["status"] == "error"]
    lines = [line.strip() for message in [*messages, str(error or "")] for line in message.splitlines()]
    return next((line for line in lines if any(words in line for words in LOST)), None)
