"""`paidmedia status` and `paidmedia release`: what has arrived, what waits, what went wrong."""

from typing import Annotated

import typer

from warehouse.cli.console import say, show_table


def status() -> None:
    """Show per source and client: last delivery, rows, rejects, freshness; then what is held and what failed."""
    from warehouse import monitor, verdicts
    from warehouse.database import session

    with session() as current:
        overview = monitor.overview(current)
        held = [(row.delivery_id, row.source, row.client_id, row.judged_at, _named(row.failures))
                for row in verdicts.held(current)]  # fmt: skip
        failed = monitor.open_failures(current)
    headings = ("source", "client", "days", "last day", "last delivery", "rows", "rejected", "held", "waiting", "state")
    show_table("Deliveries", headings, overview, right=(2, 5, 6, 7, 8))
    if held:
        show_table(
            "Held: paidmedia release DELIVERY --why …", ("delivery", "source", "client", "since", "failed"), held
        )
    if failed:
        show_table("Failed and not made good since", ("source", "client", "when", "status", "error"), failed)


def release(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="The id that `paidmedia status` shows.")],
    why: Annotated[str, typer.Option(help="The reason; it is kept in the audit log.")],
) -> None:
    """Let a held delivery through; the next `paidmedia build` reads it."""
    from warehouse import verdicts
    from warehouse.database import session

    with session() as current:
        row = verdicts.release(current, delivery, why=why)
        client_id, source = row.client_id, row.source
    say(f"Released {delivery} ({source}, {client_id}). `paidmedia build` takes it into the marts.")


def _named(failures: list[dict[str, object]]) -> str:
    return "; ".join(str(failure.get("summary", failure.get("expectation", "?"))) for failure in failures)
