"""`paidmedia landing`: where delivered files lie."""

import typer

from warehouse.cli.console import complain, say

app = typer.Typer(help="The landing zone: where delivered files lie.", no_args_is_help=True)


@app.command()
def migrate() -> None:
    """Bring files of the earlier layout to where they would be landed today, while nothing loads; safe to repeat."""
    from warehouse.deliveries.relayout import relayout
    from warehouse.settings import get_settings

    settings = get_settings()
    outcome = relayout(settings)
    say(f"{outcome.files:,} files have their place in {settings.landing} now.")
    for problem in outcome.problems:
        complain(problem)
    if outcome.problems:
        raise typer.Exit(1)
