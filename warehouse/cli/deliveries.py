"""`paidmedia status`, `release`, `resolve` and what `rejects` prints: what arrived, what waits, what went wrong."""

import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.cli.console import console, say

if TYPE_CHECKING:
    from rich.text import Text

    from warehouse.deliveries.monitor import Attempt, Standing
    from warehouse.deliveries.rejects import Reject, RejectingDelivery

SHOWN = 50  # rejected rows on a terminal
Entry = tuple[Sequence[str], str]  # the cells of one line, and the words about it

Why = Annotated[str, typer.Option(help="The reason; it is kept in the audit log.")]


def status(
    runs: Annotated[int, typer.Option(metavar="N", min=0, help="Also list the last N attempts.")] = 0,
) -> None:
    """Show per source and client: last day, rows, rejects, last attempt; then what is held and what failed."""
    from warehouse.control import sources
    from warehouse.deliveries import monitor, verdicts
    from warehouse.postgres.database import session

    with session() as current:
        by_day = [each.name for each in sources.listed(current) if not each.is_uploaded]
        overview = monitor.overview(current)
        held = [((row.delivery_id, _moment(row.judged_at)), _named(row.failures)) for row in verdicts.held(current)]
        failed = monitor.open_failures(current)
        newest = monitor.attempts(current, limit=runs) if runs else []
    if not overview:
        say(f"Nothing was delivered yet: paidmedia load {by_day[0]} --from DATE --to DATE")
    heading = ("source", "client", "rows", "rejected", "last day", "last delivery"), "state · last attempt, how long"
    _show_list("Deliveries", [_standing(each) for each in overview], heading, right=(2, 3))
    _show_list("Held: paidmedia release DELIVERY --why TEXT", held)
    _show_list("Failed, and open: paidmedia resolve RUN --why TEXT", [_failure(each) for each in failed])
    _show_list(f"The last {len(newest):,} attempts", [_attempt(each) for each in newest])


def release(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="The id that `paidmedia status` shows.")],
    why: Why,
) -> None:
    """Let a held delivery through; the next `paidmedia build` reads it."""
    from warehouse.deliveries import verdicts
    from warehouse.postgres.database import session

    with session() as current:
        row = verdicts.release(current, delivery, why=why)
        client_id, source = row.client_id, row.source
    say(f"Released {delivery} ({source}, {client_id}). `paidmedia build` takes it into the marts.")


def resolve(
    why: Why,
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="The id that `paidmedia status` shows, or its beginning.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option("--client", metavar="SLUG", help="Everything that is open of this client.")
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="With --client: of this source only.")] = None,
) -> None:
    """Close a failed attempt that nobody waits for any more; no number changes."""
    from warehouse.deliveries import resolutions
    from warehouse.postgres.database import session

    if (run is None) == (client_id is None) or (source is not None and client_id is None):
        raise typer.BadParameter("name one RUN, or --client SLUG with or without --source")
    with session() as current:
        if run is not None:
            closed = [resolutions.resolve(current, run, why=why)]
        else:
            closed = resolutions.resolve_all(current, client_id or "", why=why, source=source)
    if not closed:
        say(f"Nothing is open of {client_id}.")
    for each in closed:
        say(f"Resolved {each.short_id} ({each.source}, {each.client_id}): {printable(each.error or each.status)}")


def show_rejecting(deliveries: "Sequence[RejectingDelivery]") -> None:
    """List deliveries with rejected rows, with the words that `paidmedia rejects` takes."""
    if not deliveries:
        say("No delivery has rejected rows.")
        return
    entries = [
        ((each.delivery_id, f"{each.rows_rejected:,} of {each.rows_read:,} rows"), _about(each)) for each in deliveries
    ]
    _show_list("Rejected rows: paidmedia rejects DELIVERY [--out FILE]", entries)


def show_rejects(delivery: "RejectingDelivery", rejects: "Sequence[Reject]") -> None:
    """List the rejected rows of one delivery, as many as a screen or two hold."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=_title(delivery.filename), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("row", "column", "value", "rejected because"):
        table.add_column(heading, justify="right" if heading == "row" else "left", overflow="fold")
    for each in rejects[:SHOWN]:
        cells = (f"{each.source_row:,}", each.column_name, each.value, each.reason)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console().print(table)
    if len(rejects) > SHOWN:
        say(f"… and {len(rejects) - SHOWN:,} more; the file that --out FILE writes marks all of them.")


def write_file(path: Path, data: bytes) -> None:
    """Write a new file. Raises `PaidMediaError` where it cannot be written, or is there already."""
    from warehouse.errors import PaidMediaError

    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise PaidMediaError(f"{path} is there already", fix="name another file") from error
    except OSError as error:
        raise PaidMediaError(f"{path} cannot be written", where=error.strerror, fix="name another file") from error
    say(f"Wrote {path}: the whole file, with two columns at its end that say what is wrong in which row.")


def show_way_back(delivery: "RejectingDelivery", written: Path | None) -> None:
    """Say how the corrected file comes back, or how to get it."""
    from warehouse.deliveries.rejects import way_back

    if written is None:
        say(f"paidmedia rejects {delivery.delivery_id} --out {shlex.quote(delivery.corrected_name)}")
        say("writes the whole file with these rows marked, to be corrected and delivered again.")
        return
    back = way_back(delivery, str(written))
    say(back.advice)
    if back.command:
        say(f"  {back.command}")


def printable(text: str) -> str:
    """What a terminal may show of a delivered text: no control character, no line break."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _standing(standing: "Standing") -> Entry:
    waiting = [f"{count:,} {word}" for count, word in ((standing.held, "held"), (standing.waiting, "waiting")) if count]
    said = [standing.state, *waiting]
    if standing.attempt is not None:
        said.append(_outcome(standing.attempt, at=f" {_moment(standing.attempt.started_at)}"))
    numbers = (f"{standing.rows_accepted:,}", f"{standing.rows_rejected:,}")
    days = (str(standing.last_day or "–"), _moment(standing.last_delivery))
    return (standing.source, standing.client_id, *numbers, *days), " · ".join(said)


def _failure(attempt: "Attempt") -> Entry:
    cells = (attempt.short_id, attempt.source, attempt.client_id, _moment(attempt.started_at), attempt.status)
    return cells, attempt.error or "no reason was noted"


def _attempt(attempt: "Attempt") -> Entry:
    rows = f"{attempt.rows_accepted:,} rows" if attempt.rows_read else ""
    if attempt.rows_rejected:
        rows += f", {attempt.rows_rejected:,} rejected"
    said = [rows, attempt.origin or "", _days(attempt), attempt.error or "; ".join(attempt.warnings)]
    if attempt.is_resolved:
        said.append(f"resolved by {attempt.resolved_by}: {attempt.resolution}")
    elif attempt.is_made_good:
        said.append("made good since")
    cells = (_moment(attempt.started_at), attempt.source, attempt.client_id, _outcome(attempt))
    return cells, " · ".join(words for words in said if words)


def _outcome(attempt: "Attempt", at: str = "") -> str:
    return f"{attempt.status}{at}" + ("" if attempt.seconds is None else f", {attempt.seconds:,.1f} s")


def _days(attempt: "Attempt") -> str:
    if attempt.covers_from is None:
        return ""
    is_one = attempt.covers_from == attempt.covers_to
    return str(attempt.covers_from) if is_one else f"{attempt.covers_from} to {attempt.covers_to}"


def _about(delivery: "RejectingDelivery") -> str:
    words = [delivery.source, delivery.client_id, delivery.origin, f"delivered {_moment(delivery.delivered_at)}"]
    return " · ".join([*words, "newer deliveries give all its days"] if delivery.is_replaced else words)


def _show_list(
    title: str, entries: Sequence[Entry], heading: Entry | None = None, *, right: Sequence[int] = ()
) -> None:
    """Aligned lines, and the words about each behind it; under it on a screen that is too narrow for one of them.

    `right` names the columns (from 0) that hold numbers. Without entries nothing is shown.
    """
    from rich.padding import Padding
    from rich.text import Text

    if not entries:
        return
    screen = console()
    everything = [heading, *entries] if heading else list(entries)
    widths = [max(len(cells[column]) for cells, _ in everything) for column in range(len(everything[0][0]))]
    longest = sum(widths) + 2 * len(widths) + max(len(said) for _, said in everything)
    fits = not screen.is_terminal or longest <= screen.width
    screen.print(_title(title))
    for entry in everything:
        cells = [cell.rjust(width) if column in right else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(entry[0], widths, strict=True))]  # fmt: skip
        words = printable(entry[1])
        style = "dim" if entry is heading else ""
        screen.print(Text("  ".join([*cells, words] if fits else cells).rstrip(), style=style), soft_wrap=True)
        if words and not fits:
            screen.print(Padding(Text(words, style="dim"), (0, 0, 0, 2), expand=False))
    say("")


def _title(words: str) -> "Text":
    from rich.text import Text

    return Text(printable(words), style="bold")


def _moment(value: datetime | None) -> str:
    return "–" if value is None else value.strftime("%Y-%m-%d %H:%M")


def _named(failures: list[dict[str, object]]) -> str:
    return "; ".join(str(failure.get("summary", failure.get("expectation", "?"))) for failure in failures)
