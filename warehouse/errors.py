"""The one kind of error that a user sees: what went wrong, where, and what to do about it."""


class PaidMediaError(Exception):
    """Something that a user, a file or a service caused and that a user can mend.

    `str(error)` is one line, `what (where): fix`, and is all that a command prints.
    """

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        self.what, self.where, self.fix = what, where, fix
        line = what if where is None else f"{what} ({where})"
        super().__init__(" ".join((line if fix is None else f"{line}: {fix}").split()))


class ReaderError(PaidMediaError):
    """One whose words a client's reader may see: nothing in them is of the product's inside or of other clients."""
