"""What is expected of the rows of a source: what is expected of all (`common`), and what its `Suite` adds as data."""

from dataclasses import dataclass

from expectations.suites import common
from expectations.suites.expectation import Expectation


@dataclass(frozen=True)
class Suite:
    """How the rows of a table, `raw_<source>.<rows>`, are judged.

    `unnamed` is the severity of a blank name, with its reason; `equal` are pairs of columns that must agree, each with
    its reason.
    """

    table: str
    unnamed: str
    unnamed_because: str
    equal: tuple[tuple[str, str, str], ...] = ()

    @property
    def source(self) -> str:
        """The source whose rows they are."""
        return self.table.split(".")[0].removeprefix("raw_")

    def expectations(self) -> tuple[Expectation, ...]:
        """The expectations on a row, in the order in which failures are told."""
        return (
            *common.EXPECTATIONS,
            *(common.named(name, severity=self.unnamed, reason=self.unnamed_because) for name in common.NAMES),
            *(common.equal(left, right, reason=reason) for left, right, reason in self.equal),
        )
