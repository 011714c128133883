"""`raw_vibe.performance_report`: television, so most reports have no clicks (NULL, which passes)."""

from typing import Any

from expectations.suites import common

TABLE = "raw_vibe.performance_report"


def expectations() -> list[Any]:
    """The suite of one Vibe row."""
    reason = "an empty name is shown as (not set); the platform sends it for what was deleted since"
    return [*common.expectations(), *(common.named(name, severity="warning", reason=reason) for name in common.NAMES)]
