"""Conservation: rows and each measure of a file, by fate. read = accepted + rejected + dropped, or the load fails.

`read` is added up from the parsed cells, `accepted` from the finished Arrow columns, so that the two can disagree.
A cell that cannot be read as a number has no value to conserve; its row is among the rejects.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext

import pyarrow as pa
import pyarrow.compute as pc

from loaders.errors import LoadFailed
from loaders.files.columns import MEASURES
from loaders.files.schema import FATES, TOTAL

EXACT = Context(prec=76)  # sums of numeric(24,9) never round


def _zeros() -> dict[str, dict[str, Decimal]]:
    return {measure: dict.fromkeys(FATES, Decimal(0)) for measure in MEASURES}


@dataclass
class Totals:
    """Rows and measures by fate (read, accepted, rejected, dropped).

    `present` are the measures that the file has a column for, `stated` those that its total row gives a number for.
    """

    present: frozenset[str]
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))
    measures: dict[str, dict[str, Decimal]] = field(default_factory=_zeros)
    stated: set[str] = field(default_factory=set)

    def add(self, measure: str, fate: str, values: Iterable[Decimal | None]) -> None:
        """Add what can be read of `values`."""
        with localcontext(EXACT):
            self.measures[measure][fate] += sum(_readable(values), Decimal(0))

    def add_counted(self, measure: str, fate: str, values: Iterable[Decimal | None], counts: Iterable[int]) -> None:
        """Add what can be read of `values`, each as many times as `counts` says."""
        with localcontext(EXACT):
            products = (value * count for value, count in zip(values, counts, strict=True) if value is not None)
            self.measures[measure][fate] += sum(products, Decimal(0))

    def add_accepted(self, rows: pa.Table) -> None:
        """Add finished rows."""
        self.rows["accepted"] += len(rows)
        with localcontext(EXACT):
            for measure in self.present:
                total = pc.sum(rows.column(measure).cast(TOTAL)).as_py()
                self.measures[measure]["accepted"] += total or Decimal(0)

    def accepted(self, measure: str) -> Decimal | None:
        """The sum of the accepted rows, None for a measure that the file lacks."""
        return self.measures[measure]["accepted"] if measure in self.present else None

    def check(self, filename: str) -> None:
        """Raise `LoadFailed` naming what does not add up."""
        fates = dict(self.rows)
        if fates["read"] != fates["accepted"] + fates["rejected"] + fates["dropped"]:
            raise _lost(filename, "rows", fates)
        for measure in self.present:
            sums = self.measures[measure]
            with localcontext(EXACT):
                rest = sums["read"] - sums["accepted"] - sums["rejected"] - sums["dropped"]
            if rest:
                raise _lost(filename, measure, sums)

    def record(self) -> dict[str, int | Decimal | None]:
        """The columns of `deliveries`: rows_read …, impressions_read …; None for a measure that the file lacks."""
        return {
            **{f"rows_{fate}": count for fate, count in self.rows.items()},
            **{
                f"{measure}_{fate}": sums[fate] if measure in self.present else None
                for measure, sums in self.measures.items()
                for fate in FATES
            },
        }


def _readable(values: Iterable[Decimal | None]) -> Iterator[Decimal]:
    return (value for value in values if value is not None)


def _lost(filename: str, what: str, fates: Mapping[str, int] | Mapping[str, Decimal]) -> LoadFailed:
    found = ", ".join(f"{fate} {value:,}" for fate, value in fates.items())
    return LoadFailed(
        f"{what} of {filename} do not add up", where=found, fix="this is a defect of the loader: report it"
    )
