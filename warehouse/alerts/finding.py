"""One thing that is wrong now, and what a kind of it is called."""

from collections.abc import Mapping
from dataclasses import dataclass

TITLES: Mapping[str, str] = {
    "failed_run": "Failed run",
    "missing_file": "Missing file",
    "rejects_above_threshold": "File refused for its rejects",
    "failed_check": "Failed check",
    "stale_source": "Stale source",
    "missing_cpm_rate": "Missing CPM rate",
    "vibe_budget_exhausted": "Vibe budget exhausted",
    "source_unreachable": "Source unreachable",
}


@dataclass(frozen=True)
class Finding:
    """What is wrong. `kind` and `subject` say what is the same thing when it is found again; the rest is for people."""

    kind: str
    subject: str
    what: str
    place: str
    fix: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same incident."""
        return self.kind, self.subject
