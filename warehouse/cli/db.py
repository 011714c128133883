"""`paidmedia db`: the database behind everything. `migrate` stands with the loaders, whose tables it also makes."""

import os

import typer

from warehouse.cli.console import say

app = typer.Typer(help="The database: its URL, its schema, a psql session.", no_args_is_help=True)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command()
def url() -> None:
    """Print the owner's URL; starts the embedded server if need be. BI tools get their own URLs by `bi-login add`."""
    from warehouse.postgres.database import database_url

    say(database_url())


@app.command()
def env() -> None:
    """Print the PG* variables of the warehouse: eval "$(paidmedia db env)", then psql, dbt and pg_dump just work."""
    import shlex

    from warehouse.postgres.database import libpq_environment

    for name, value in libpq_environment().items():
        say(f"export {name}={shlex.quote(value)}")


@app.command()
def stop() -> None:
    """Stop the embedded server cleanly; a server named by DATABASE_URL is left alone."""
    from warehouse.postgres import embedded
    from warehouse.settings import get_settings

    settings = get_settings()
    if settings.database_url is not None:
        say("DATABASE_URL names a server of its own: it is left running.")
    elif embedded.stop(settings.paidmedia_home):
        say("The embedded Postgres is stopped.")
    else:
        say("The embedded Postgres was not running.")


@app.command(context_settings=PASS_ON)
def psql(context: typer.Context) -> None:
    """Open psql on the warehouse; further words go to psql: paidmedia db psql -c "select 1"."""
    import shutil

    from warehouse.postgres import embedded
    from warehouse.postgres.database import libpq_environment

    program = embedded.binary("psql")
    found = str(program) if program.exists() else shutil.which("psql") or "psql"
    os.execvpe(found, [found, *context.args], os.environ | libpq_environment())  # noqa: S606
