"""What is said to people of the agency, and what to a client's reader: numbers alike, the product's own work not.

    viewer → Words (labels, and the columns that are shown) · errors, failures and rejected rows in that reader's words

Belongs here: every word, list and column that the two see differently. A column that a reader's `Words` do not name is
not sent to their browser. Keep out: what both read alike, and numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from serving import format as shown_as
from serving import outcomes
from serving.timeliness import COLOURS, DISABLED, HELD, NO_DATA, ON_TIME, PENDING, STALE, reached
from serving.viewer import Viewer
from warehouse.deliveries.monitor import Attempt
from warehouse.deliveries.rejects import Reject
from warehouse.errors import PaidMediaError, ReaderError

Labels = Mapping[str, str]
IsShown = Callable[[str, str], bool]  # of a source and a heading: whether clients may see its cells


@dataclass(frozen=True)
class Words:
    """The words of one kind of reader. The mappings say, in their order, what is shown and how it is called.

    `cards`, `freshness`, `attempts`, `resolved` and `rejected` are the cards and columns of the Data page; `parts`,
    `states`, `statuses` and `causes` its parts and what it lists. `price` begins the reason of an adjustment.
    """

    received: str
    empty: str
    held: str
    price: str
    parts: Labels
    states: Labels
    statuses: Labels
    causes: Labels
    cards: Labels
    freshness: Labels
    freshness_note: str
    held_note: str
    pending_note: str
    none_open: tuple[str, str]
    more_failures: str
    settled: str
    resolved: Labels
    none_tried: tuple[str, str]
    attempts: Labels
    none_rejected: tuple[str, str]
    delivery: str
    rejected: Labels
    rejects_list: str
    restatements_note: str


def shown(labels: Labels, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Of columns, or of how they are drawn, those that have a label, under it."""
    return {label: columns[name] for name, label in labels.items() if name in columns}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


STAFF = Words(
    received="last delivery",
    empty="There are no marts yet",
    held="delivery held",
    price="CPM {} {}",
    parts={
        "freshness": "Freshness", "failures": "Open failures", "attempts": "Attempts", "rejects": "Rejected rows",
        "restatements": "Restatements",
    },
    states=_same(*COLOURS),
    # A sign and a word, because colour alone says nothing to some readers.
    statuses={
        "loaded": "✓ Loaded", "duplicate": "= Duplicate", "held": "‖ Held", "refused": "⊘ Refused",
        "failed": "✕ Failed", "running": "… Running",
    },
    causes={"newer delivery": "Newer delivery", "vanished rows": "Vanished rows", "cpm edit": "CPM edit"},
    cards=_same("Sources on time", "Open failures", "Deliveries held", "Rows read", "Rows rejected"),
    freshness=_same(
        "Client", "Source", "State", "Last day", "Days old", "First day", "Last delivery", "As of", "Deliveries",
        "Rows read", "Accepted", "Rejected", "Total rows dropped", "Held", "Pending",
    ),
    freshness_note=" Rows read = accepted + rejected + total rows dropped.",
    held_note=(
        "A held delivery failed a content check and is in no number here."
        " Let it through with `paidmedia release DELIVERY --why TEXT`, or load a newer one."
    ),
    pending_note="A pending delivery has not been checked yet; the next `paidmedia build` does it.",
    none_open=("Nothing is open", "What was refused or failed has been brought since, or a person has settled it."),
    more_failures="; `paidmedia status` lists all of them",
    settled="Resolved by people",
    resolved=_same("When", "By", "Why", "What", "Error"),
    none_tried=("No attempt to load anything", "Of these clients and sources, with this outcome."),
    attempts=_same(
        "When", "Outcome", "Source", "Client", "Days", "File or report", "Rows read", "Accepted", "Rejected", "Dropped",
        "Seconds", "What was said", "Dagster run",
    ),
    none_rejected=(
        "No row was rejected", "Of these clients and sources. A file with too many bad rows is refused: see Attempts."
    ),
    delivery="Delivery",
    rejected=_same("Row", "Column", "Value", "Rejected because"),
    rejects_list="List of rejected rows",
    restatements_note="What a build has not modelled yet is not among them. `paidmedia explain` tells a day's story.",
)  # fmt: skip

CLIENT = Words(
    received="last received",
    empty="There are no numbers yet",
    held="in review",
    price="a new price per thousand impressions, {} {}",
    parts={
        "freshness": "Freshness", "failures": "Missing data", "attempts": "What arrived", "rejects": "Rows left out",
        "restatements": "Changed days",
    },
    states={
        ON_TIME: "On time", STALE: "Late", HELD: "In review", PENDING: "Arriving", NO_DATA: "No data",
        DISABLED: "Disabled",
    },
    statuses={
        "loaded": "✓ Received", "duplicate": "= Nothing new", "held": "‖ In review", "refused": "⊘ Not usable",
        "failed": "✕ Not received", "running": "… On its way",
    },
    causes={"newer delivery": "Newer numbers", "vanished rows": "No longer reported", "cpm edit": "Price change"},
    cards=_same("Sources on time") | {"Open failures": "Missing data"},
    freshness=_same("Client", "Source", "State", "Last day", "Days old", "First day")
    | {"Last delivery": "Last received"},
    freshness_note="",
    held_note="The agency is looking at some data that is in no number here yet.",
    pending_note="Some data has just arrived and is not in the numbers yet.",
    none_open=("Nothing is missing", "What did not arrive at first has come since, or the agency has settled it."),
    more_failures="",
    settled="Settled by the agency",
    resolved=_same("When", "What"),
    none_tried=("Nothing has arrived", "Of these sources, with this outcome."),
    attempts=_same("When", "Outcome", "Source", "Client", "Days")
    | {"Accepted": "Rows", "Rejected": "Left out", "What was said": "About it"},
    none_rejected=("No row was left out", "Of these sources."),
    delivery="Received",
    rejected=_same("Row", "Column", "Value") | {"Rejected because": "Left out because"},
    rejects_list="List of these rows",
    restatements_note="What has just arrived is not among them yet.",
)  # fmt: skip

# Of a failure, by its kind or else by its status: what a client's reader is told in place of the error.
FAILURES = {
    "missing_file": "Nothing had been sent for these days yet.",
    "rejects_above_threshold": "Too many rows could not be read, so none of them counts.",
    "source_unreachable": "The platform did not answer.",
    "vibe_budget_exhausted": "The platform answers no more questions for now.",
    "refused": "What was sent could not be used.",
    "failed": "It could not be taken in.",
}
BUSY = ReaderError("this cannot be shown right now", fix="try again in a few minutes, and tell the agency if it stays")


def of(viewer: Viewer | None) -> Words:
    """The words for a viewer; those of a client's reader while it is not known who looks."""
    return STAFF if viewer and viewer.is_staff else CLIENT


def as_of(said: Words, freshness: Sequence[dict[str, Any]]) -> str:
    """How far the data reaches and when it last came, in a sentence for a file that is taken away."""
    last_day, last_delivery = reached(freshness)
    return f"Data to {shown_as.day(last_day)}, {said.received} {shown_as.moment(last_delivery)}."


def error(viewer: Viewer | None, what: PaidMediaError) -> PaidMediaError:
    """An error as it is shown: whole to the agency; to others only one that is meant for them, else that something is.

    The log has it in full.
    """
    return what if (viewer and viewer.is_staff) or isinstance(what, ReaderError) else BUSY


def failure(viewer: Viewer, attempt: Attempt) -> str:
    """Why an attempt was refused or failed; nothing for one that was not."""
    if viewer.is_staff or attempt.status not in FAILURES:
        return attempt.error or ""
    return FAILURES.get(attempt.fault or "", FAILURES[attempt.status])


def about(viewer: Viewer, attempt: Attempt) -> list[str]:
    """When a failure was, of which days and, for the agency, its file and the id that commands take."""
    when, days = shown_as.moment(attempt.started_at), outcomes.days(attempt)
    return [when, outcomes.file(attempt), days, attempt.short_id] if viewer.is_staff else [when, days]


def said(viewer: Viewer, attempt: Attempt) -> str:
    """The error, else the warnings, else nothing; and why a person has settled it. Clients are told why it failed."""
    if not viewer.is_staff:
        return failure(viewer, attempt) if attempt.status in FAILURES else ""
    words = [attempt.error or "; ".join(attempt.warnings)]
    if attempt.is_resolved:
        words.append(f"{attempt.resolved_by} has resolved it: {attempt.resolution}")
    return " · ".join(word for word in words if word)


def rejects(viewer: Viewer, source: str, rows: Sequence[Reject], is_shown: IsShown) -> Sequence[Reject]:
    """Rejected rows as they are shown: to a client's reader without the cells that say what a platform costs."""
    return rows if viewer.is_staff else [_reject(row, is_shown(source, row.column_name)) for row in rows]


def _reject(row: Reject, is_shown: bool) -> Reject:
    if is_shown:
        return replace(row, reason=row.reason.partition("; also ")[0])
    return replace(row, column_name=shown_as.ABSENT, value=shown_as.ABSENT, reason="another cell cannot be read")
