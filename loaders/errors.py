"""The two ways in which a delivery can end badly: it is refused, or taking it in failed."""

from warehouse.errors import PaidMediaError


class LoadRefused(PaidMediaError):  # noqa: N818 – an outcome that callers name
    """The delivery is not what it should be. Nothing of it was loaded; the sender or a setting has to change."""


class LoadFailed(PaidMediaError):  # noqa: N818 – an outcome that callers name
    """The delivery could not be fetched or written. Nothing of it counts; running again may mend it."""
