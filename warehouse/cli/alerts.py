"""`paidmedia alerts`: whether messages arrive, and what is open."""

import typer

from warehouse.cli.console import say, show_table

app = typer.Typer(help="Who is told when something goes wrong, and what is wrong now.", no_args_is_help=True)


@app.command("test")
def alerts_test() -> None:
    """Send one message by every configured channel and say what came of each."""
    from warehouse.alerts import service
    from warehouse.errors import PaidMediaError
    from warehouse.settings import get_settings

    outcomes = service.send_test(get_settings())
    for name, problem in outcomes:
        if problem is None:
            say(f"Sent by {name}.")
    problems = [problem for _, problem in outcomes if problem is not None]
    if problems:
        raise PaidMediaError("; ".join(problems), fix="see the settings under 'Who is told'")


@app.command("list")
def alerts_list() -> None:
    """List what is wrong, as it was last looked at, and the messages that wait to be sent."""
    from warehouse.alerts import incidents, outbox
    from warehouse.alerts.finding import TITLES
    from warehouse.postgres.database import session

    with session() as current:
        rows = [
            (TITLES[each.kind], each.subject, each.opened_at, each.what, each.fix)
            for each in incidents.open_incidents(current)
        ]
        waiting, oldest = outbox.waiting(current)
    if rows:
        show_table("Open", ("kind", "about", "since", "what", "what to do"), rows)
    else:
        say("Nothing is open.")
    if waiting:
        say(f"{waiting} messages wait to be sent, the oldest since {oldest:%Y-%m-%d %H:%M} UTC.")
