"""What can go wrong with a place of files."""

from warehouse.errors import PaidMediaError


class StorageFailed(PaidMediaError):  # noqa: N818 – it says what happened
    """A place cannot be reached, read or written. Nothing half counts; trying again may do."""


class FileMissing(StorageFailed):
    """A place answers, and has no file under a key."""
