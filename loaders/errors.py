"""The two ways in which a delivery can end badly: it is refused, or taking it in failed.

Those of which people are told in words of their own say by `fault` which kind of alert that is.
"""

from warehouse.errors import PaidMediaError


class LoadRefused(PaidMediaError):  # noqa: N818 – an outcome that callers name
    """The delivery is not what it should be. Nothing of it was loaded; the sender or a setting has to change."""

    fault: str | None = None


class TooManyRejects(LoadRefused):
    """Too large a share of the rows cannot be taken."""

    fault = "rejects_above_threshold"


class LoadFailed(PaidMediaError):  # noqa: N818 – an outcome that callers name
    """The delivery could not be fetched or written. Nothing of it counts; running again may mend it."""

    fault: str | None = None


class MissingFile(LoadFailed):
    """The source has no file for a day that it should have one for."""

    fault = "missing_file"


class SourceUnreachable(LoadFailed):
    """The source does not answer, answers with errors, or refuses the credentials."""

    fault = "source_unreachable"


class BudgetUsedUp(LoadFailed):
    """The source takes no more requests for now."""

    fault = "vibe_budget_exhausted"


def fault_of(error: PaidMediaError) -> str | None:
    """The kind of alert that an error is worth; None for one like any other."""
    return error.fault if isinstance(error, LoadRefused | LoadFailed) else None
