"""How an attempt of the ledger reads: its outcome with sign and colour, its days, and what is to say about it. Pure."""

from streamlit_app import format as shown_as
from warehouse.monitor import Attempt

# A sign and a word, because colour alone says nothing to some readers.
STATUSES = {
    "loaded": "✓ Loaded",
    "duplicate": "= Duplicate",
    "held": "‖ Held",
    "refused": "⊘ Refused",
    "failed": "✕ Failed",
    "running": "… Running",
}
OPEN, MADE_GOOD, RESOLVED = "open", "made good", "resolved"
COLOURS = {
    STATUSES["loaded"]: "green",
    STATUSES["duplicate"]: "gray",
    STATUSES["held"]: "orange",
    STATUSES["refused"]: "red",
    STATUSES["failed"]: "red",
    STATUSES["running"]: "blue",
    OPEN: "red",
    MADE_GOOD: "green",
    RESOLVED: "gray",
}


def outcome(attempt: Attempt) -> list[str]:
    """What came of an attempt and, where it failed, whether that was settled and how."""
    words = [STATUSES[attempt.status]]
    if attempt.is_open:
        words.append(OPEN)
    elif attempt.is_resolved:
        words.append(RESOLVED)
    elif attempt.is_made_good:
        words.append(MADE_GOOD)
    return words


def said(attempt: Attempt) -> str:
    """The error, else the warnings, else nothing; and why a person has settled it."""
    words = [attempt.error or "; ".join(attempt.warnings)]
    if attempt.is_resolved:
        words.append(f"{attempt.resolved_by} has resolved it: {attempt.resolution}")
    return " · ".join(word for word in words if word)


def days(attempt: Attempt) -> str:
    """The days that it covers; a dash where the attempt never came to know them."""
    if attempt.covers_from is None or attempt.covers_to is None:
        return shown_as.ABSENT
    return shown_as.days(attempt.covers_from, attempt.covers_to)


def file(attempt: Attempt) -> str:
    """The file or report without the folders before it; a dash for none."""
    return (attempt.origin or shown_as.ABSENT).rstrip("/").rpartition("/")[2]
