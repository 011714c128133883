"""What is expected of the rows of a source: what is expected of all (`common`), and what its `Suite` adds as data.

An expectation's `description` says why its threshold is what it is: people read it when a delivery is held.
Severity `critical` (the default) holds the delivery; `warning` is shown and holds nothing.
"""

from dataclasses import dataclass
from typing import Any

from expectations.suites import common


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

    def expectations(self) -> list[Any]:
        """The expectations on a row."""
        import great_expectations.expectations as gxe

        return [
            *common.expectations(),
            *(common.named(name, severity=self.unnamed, reason=self.unnamed_because) for name in common.NAMES),
            *(
                gxe.ExpectColumnPairValuesToBeEqual(column_A=left, column_B=right, description=reason)
                for left, right, reason in self.equal
            ),
        ]

    def in_great_expectations(self) -> Any:
        """The library's own suite, named as the table."""
        import great_expectations as gx

        return gx.ExpectationSuite(name=self.table, expectations=self.expectations())
