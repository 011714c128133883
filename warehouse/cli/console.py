"""How commands print: tables and messages on standard output, errors as one line on standard error."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 200  # a table that goes to a file or a pipe is not folded to a terminal's 80 columns


def console(*, stderr: bool = False) -> Console:
    """A console for the stream as it is now; coloured on a terminal only."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else PIPE_WIDTH, highlight=False)


def say(message: str) -> None:
    """Print one message."""
    console().print(message, markup=False, soft_wrap=True)


def complain(message: str) -> None:
    """Print one error line."""
    console(stderr=True).print(f"Error: {message}", style="red", markup=False, soft_wrap=True)


def show_table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[int] = ()
) -> None:
    """Print a table; `right` names the columns (from 0) that hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in right else "left", no_wrap=number in right)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))  # a name may hold what Rich takes for markup
    console().print(table)


def parse_date(text: str) -> date:
    """`2026-11-01` → date; a usage error names the form."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date, write YYYY-MM-DD") from error


def parse_time(text: str) -> datetime:
    """`2026-11-01T09:30` → datetime, UTC unless it names a zone."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time, write 2026-11-01T09:30, in UTC") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def parse_decimal(text: str) -> Decimal:
    """`12.50` → Decimal, exactly."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is no number, write 12.50") from error


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
