"""The table at the end of `make run`: what the marts hold beside what the plan says, and every cell that differs.

It fits `WIDTH` columns with the numbers of `make run`. A narrower terminal gets sums and ratios one below the other,
and lines that are longer than it is rather than a cut number.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.plan import SOURCES
from sandbox.truth import KPI_NAMES, Totals, round_half_up, rounded

WIDTH = 100
ENDLESS = 1_000  # columns: as wide as the numbers need
SUMS, RATIOS = KPI_NAMES[:5], KPI_NAMES[5:]

Key = tuple[str, str]  # client_id, source
Number = Decimal | int | None


def differences(planned: Mapping[Key, Totals], delivered: Mapping[Key, Mapping[str, Any]]) -> dict[Key, list[str]]:
    """A line for each number that is not as planned; sums to the last digit, ratios as people see them (`rounded`)."""
    return {
        key: list(_differing(delivered.get(key, {}), {name: getattr(totals, name) for name in KPI_NAMES}))
        for key, totals in planned.items()
    }


def show(screen: Console, delivered: Mapping[Key, Mapping[str, Any]], wrong: Mapping[Key, Sequence[str]]) -> None:
    """Print it: a heading per source, a line per client. `wrong` has the keys of all lines and what differs in each."""
    screen.print(
        "Delivered, per source and client; ctr and roas in %, [green]✓[/green]: every number is as planned",
        style="bold", soft_wrap=True,
    )  # fmt: skip
    for names in (KPI_NAMES,) if screen.width >= WIDTH else (SUMS, RATIOS):
        table = _table(delivered, wrong, names)
        table.width = screen.measure(table, options=screen.options.update(max_width=ENDLESS)).maximum
        screen.print(table, crop=False)


def _table(
    delivered: Mapping[Key, Mapping[str, Any]], wrong: Mapping[Key, Sequence[str]], names: Sequence[str]
) -> Table:
    table = Table(box=box.SIMPLE, padding=0, show_edge=False)
    table.add_column("  client", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(name.replace("conversion_", ""), justify="right", no_wrap=True)
    for source in SOURCES:
        table.add_row(Text(source, style="bold"))
        for client_id in (client_id for client_id, of in wrong if of == source):
            found = delivered.get((client_id, source), {})
            mark = Text("✗", style="red") if wrong[client_id, source] else Text("✓", style="green")
            numbers = (_text(found.get(name)) for name in names)
            table.add_row(mark.append(f" {client_id}", style="default"), found.get("currency", "–"), *numbers)
    return table


def _differing(found: Mapping[str, Any], planned: Mapping[str, Number]) -> Iterator[str]:
    for name, value in planned.items():
        if _comparable(name, found.get(name)) != _comparable(name, value):
            yield f"{name} is {found.get(name)}, planned {value}"


def _comparable(name: str, value: Number) -> Number:
    """The quotient of a ratio has no last digit."""
    return rounded(name, value) if name in RATIOS else value


def _text(value: Number) -> str:
    """Counts as they are, amounts and ratios with two decimals."""
    if value is None:
        return "–"
    return f"{round_half_up(value, 2) if isinstance(value, Decimal) else value:,}"
