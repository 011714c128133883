"""One expectation on a delivered row, as data."""

from dataclasses import dataclass

CRITICAL, WARNING = "critical", "warning"


@dataclass(frozen=True)
class Expectation:
    """A row fails where `condition` is false; where it is unknown, for want of a value, the row passes.

    `name` is unique in a suite. `column` is where a person has to look, two joined by a comma. `condition` is SQL over
    the columns of the raw table and those of `expectations.profile`. `meaning` says why it is expected, and why its
    threshold is what it is: people read it when a delivery is held. `critical` holds the delivery; `warning` is shown
    and holds nothing. `counted_as` is the aggregate that counts the failing rows, where the condition needs more than
    the row.
    """

    name: str
    column: str
    condition: str
    meaning: str
    severity: str = CRITICAL
    counted_as: str | None = None

    @property
    def count(self) -> str:
        """The aggregate that counts the failing rows of one delivery."""
        return self.counted_as or f"count(*) filter (where not ({self.condition}))"
