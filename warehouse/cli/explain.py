"""`paidmedia explain`: how a client's day came to be what it is. A table on a terminal, a line per cause in a pipe."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from warehouse.cli.console import console, parse_date, parse_time, say
from warehouse.cli.deliveries import printable

if TYPE_CHECKING:
    from warehouse.deliveries.restatements import Change, Explanation, SourceDay

TABLE_WIDTH = 110  # a narrower terminal gets the lines that a pipe gets

Slug = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's short name, such as acme.")]
Day = Annotated[date, typer.Option("--date", parser=parse_date, metavar="DATE", help="The day to explain.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=parse_time, metavar="TIME", help="Only what was known then: 2026-11-01T09:30."),
]


def explain(
    client_id: Slug,
    day: Day,
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="Only this source.")] = None,
    as_of: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, amounts as exact text.")] = False,
) -> None:
    """Show what a day was as first delivered, and what changed it since: newer delivery, vanished rows, CPM edit."""
    from warehouse.deliveries import restatements
    from warehouse.postgres.database import session

    with session() as current:
        told = restatements.explain(current, client_id, day, source=source, as_of=as_of)
    if as_json:
        print(json.dumps(_as_json(told), indent=2))  # noqa: T201 – JSON is for programs: no folding, no colour
        return
    for each in told.sources:
        _show(told, each)
    for delivery_id in told.held:
        say(f"Held, and not in these numbers: paidmedia release {delivery_id} --why TEXT")
    if told.waiting:
        say(f"Not judged yet, and not in these numbers: {', '.join(told.waiting)}. `paidmedia build` judges them.")
    if told.due:
        say(f"A build is due: more is known of {', '.join(told.due)} than the marts say. `paidmedia build` models it.")


def _show(told: "Explanation", of: "SourceDay") -> None:
    """One source: its changes, what the day is in the end, and whether the causes add up to that."""
    if console().is_terminal and console().width >= TABLE_WIDTH:
        _show_table(told, of)
    else:
        for each in of.changes:
            say(_line(of.source, each))
    total = ", ".join(f"{_named(name)} {_shown(value)}" for name, value in of.total.items())
    when = "now" if told.as_of is None else f"at {told.as_of:%Y-%m-%d %H:%M} UTC"
    if of.adds_up:
        say(f"{of.source} {when}: {total} ({of.currency}). The causes add up.")
    else:
        wrong = [f"{_named(name)} {_shown(value)}" for name, value in of.sums.items() if value != (of.total[name] or 0)]
        say(f"{of.source} {when}: {total}. The causes add up to {', '.join(wrong)} instead: a build waits.")


def _show_table(told: "Explanation", of: "SourceDay") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"{of.source} · {told.client_id} · {told.day} · amounts in {of.currency}"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("change, and then", no_wrap=True)
    for heading in ("CPM", *map(_named, of.total)):
        table.add_column(heading, justify="right", overflow="fold")
    for each in of.changes:
        what = f"{each.changed_at:%Y-%m-%d %H:%M}\n{each.cause}\n{each.short_id}"
        cells = [f"\n{_cpm(each)}", *(f"{_change(each, name)}\n{_shown(each.after[name])}" for name in of.total)]
        table.add_row(Text(what), *map(Text, cells))
    console().print(table)
    files = {each.short_id: each.filename for each in of.changes if each.filename}
    for short_id, filename in files.items():
        say(f"{short_id} is {printable(filename)}")


def _line(source: str, change: "Change") -> str:
    measures = []
    for name, value in change.after.items():
        difference = _change(change, name)
        measures.append(
            f"{_named(name)} {difference} = {_shown(value)}" if difference else f"{_named(name)} {_shown(value)}"
        )
    words = [source, f"{change.changed_at:%Y-%m-%d %H:%M:%S}", f"{change.cause:<14}", change.delivery_id]
    if change.filename:
        words.append(printable(change.filename))
    return "  ".join([*words, " · ".join([f"CPM {_cpm(change)}", *measures])])


def _cpm(change: "Change") -> str:
    return "–" if change.cpm is None else f"{change.cpm.normalize():f}"


def _change(change: "Change", measure: str) -> str:
    """With its sign; nothing where the measure did not change."""
    value = change.changes[measure]
    return "" if not value else ("+" if value > 0 else "") + _shown(value)


def _shown(value: int | Decimal | None) -> str:
    """A count as it is; of an amount as many decimals as it needs, at least two."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    exact = value.normalize()
    decimals = max(2, -int(exact.as_tuple().exponent))
    return f"{exact:,.{decimals}f}"


def _named(measure: str) -> str:
    return measure.replace("_", " ")


def _as_json(told: "Explanation") -> dict[str, Any]:
    return {
        "client_id": told.client_id,
        "date": told.day.isoformat(),
        "as_of": _plain(told.as_of),
        "sources": [
            {
                "source": each.source,
                "currency": each.currency,
                "changes": [_change_as_json(change) for change in each.changes],
                "total": {name: _plain(value) for name, value in each.total.items()},
                "adds_up": each.adds_up,
            }
            for each in told.sources
        ],
        "build_is_due": told.due,
        "held": told.held,
        "waiting": told.waiting,
    }


def _change_as_json(change: "Change") -> dict[str, Any]:
    return {
        "step": change.step,
        "changed_at": _plain(change.changed_at),
        "cause": change.cause,
        "delivery_id": change.delivery_id,
        "previous_delivery_id": change.previous_delivery_id,
        "filename": change.filename,
        "cpm": _plain(change.cpm),
        "changes": {name: _plain(value) for name, value in change.changes.items()},
        "after": {name: _plain(value) for name, value in change.after.items()},
    }


def _plain(value: int | Decimal | datetime | None) -> int | str | None:
    """Amounts as exact text, times in ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value
