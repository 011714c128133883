"""How an attempt of the ledger reads: its outcome, its days and its file. Pure; the words are in `words`."""

from collections.abc import Mapping

from serving import format as shown_as
from warehouse.deliveries.monitor import Attempt

OPEN, MADE_GOOD, RESOLVED = "open", "made good", "resolved"
COLOURS = {
    "loaded": "green",
    "duplicate": "gray",
    "held": "orange",
    "refused": "red",
    "failed": "red",
    "running": "blue",
}
SETTLED_COLOURS = {OPEN: "red", MADE_GOOD: "green", RESOLVED: "gray"}


def colours(statuses: Mapping[str, str]) -> dict[str, str]:
    """The colour of everything that `outcome` says, with the statuses called as `statuses` has them."""
    return {statuses[name]: colour for name, colour in COLOURS.items()} | SETTLED_COLOURS


def outcome(attempt: Attempt, statuses: Mapping[str, str]) -> list[str]:
    """What came of an attempt and, where it failed, whether that was settled and how."""
    words = [statuses[attempt.status]]
    if attempt.is_open:
        words.append(OPEN)
    elif attempt.is_resolved:
        words.append(RESOLVED)
    elif attempt.is_made_good:
        words.append(MADE_GOOD)
    return words


def days(attempt: Attempt) -> str:
    """The days that it covers; a dash where the attempt never came to know them."""
    if attempt.covers_from is None or attempt.covers_to is None:
        return shown_as.ABSENT
    return shown_as.days(attempt.covers_from, attempt.covers_to)


def file(attempt: Attempt) -> str:
    """The file or report without the folders before it; a dash for none."""
    return (attempt.origin or shown_as.ABSENT).rstrip("/").rpartition("/")[2]
