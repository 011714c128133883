"""`raw_surfside.media_report`: files of a platform that lets people leave names empty."""

from typing import Any

from expectations.suites import common

TABLE = "raw_surfside.media_report"


def expectations() -> list[Any]:
    """The suite of one Surfside row."""
    reason = "an empty name is shown as (not set); the platform allows it"
    return [*common.expectations(), *(common.named(name, severity="warning", reason=reason) for name in common.NAMES)]
