"""The `paidmedia` command: the admin half from the warehouse, and `load`, `upload` and `build`, which run Dagster jobs.

Every failure that a user can cause ends in one line and exit code 1; a wrong argument in one line and exit code 2.
"""

import gc
import sys
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from loaders.registry import in_folders, loaded_by_day, source_of, uploaded
from warehouse.cli import access, alerts, backups, clients, db, deliveries, explain, landing, periods
from warehouse.cli.console import complain, parse_date, parse_time, say
from warehouse.errors import PaidMediaError

app = typer.Typer(
    name="paidmedia",
    help="Every delivered ad number in one place, priced at each client's own CPM.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(db.app, name="db")
app.add_typer(landing.app, name="landing")
app.add_typer(alerts.app, name="alerts")
app.add_typer(clients.client_app(in_folders()), name="client")
app.add_typer(clients.cpm, name="cpm")
app.add_typer(periods.app, name="period")
app.add_typer(clients.vibe, name="vibe-credentials")
app.add_typer(access.user, name="user")
app.add_typer(access.bi_login, name="bi-login")

_IS_CLEAR = len(uploaded()) == 1  # then nobody has to say whose exports they bring
_UPLOADED = " or ".join(source_of(name).title for name in uploaded())
_ACCEPTED = " or ".join(source_of(name).accepts for name in uploaded())
NoBuild = Annotated[bool, typer.Option("--no-build", help="Only load; model later with `paidmedia build`.")]


@app.callback()
def _prepare(context: typer.Context) -> None:
    """Give every command a database with the newest schema, except those that mend or examine it."""
    wants_help = any(word in sys.argv for word in context.help_option_names)
    if context.invoked_subcommand not in ("db", "doctor", "restore") and not wants_help:
        from warehouse.control.migrate import ensure_migrated

        ensure_migrated()


@db.app.command()
def migrate() -> None:
    """Bring the schema to its newest form and make the raw tables; safe to repeat."""
    from loaders.ledger.pipeline import prepare_all
    from warehouse.control import migrate as migrations
    from warehouse.postgres import database, isolation
    from warehouse.settings import get_settings

    settings = get_settings()
    migrations.migrate(settings)
    prepare_all(settings)
    say(f"The database is at revision {migrations.HEAD}.")
    with database.session(settings) as current:
        for each in isolation.violations(current):
            say(f"Warning: {each}")


@app.command()
def load(
    source: Annotated[str, typer.Argument(metavar="|".join(loaded_by_day()))],
    date_from: Annotated[date, typer.Option("--from", parser=parse_date, metavar="DATE", help="First day, included.")],
    date_to: Annotated[date, typer.Option("--to", parser=parse_date, metavar="DATE", help="Last day, included.")],
    client_id: Annotated[str | None, typer.Option("--client", metavar="SLUG", help="Only this client.")] = None,
    no_build: NoBuild = False,
) -> None:
    """Load the days of a source for every client, judge what is new, and build."""
    from orchestration.lib import ingestion

    ingestion.load(source, date_from, date_to, client_id=client_id, build=not no_build)


@app.command(
    help=f"Upload {_UPLOADED} exports of one client, judge them, and build. The same file twice changes nothing."
)
def upload(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help=f"{_ACCEPTED}.")],
    client_id: Annotated[str, typer.Option("--client", metavar="SLUG")],
    source: Annotated[
        str | None,
        typer.Option(metavar="|".join(uploaded()), help="Whose exports; where there are several.", hidden=_IS_CLEAR),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(parser=parse_time, metavar="TIME", help="When the export was made: 2026-11-01T09:30, in UTC."),
    ] = None,
    supersede: Annotated[bool, typer.Option(help="This export is right, whatever covers its days now.")] = False,
    no_build: NoBuild = False,
) -> None:
    """Take in exports of one client."""
    from orchestration.lib import ingestion

    ingestion.upload(files, client_id, source=source, as_of=as_of, supersede=supersede, build=not no_build)


@app.command()
def build(
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Make everything anew, as after a change of the models.")
    ] = False,
) -> None:
    """Model what changed: deliveries, releases, rates."""
    from orchestration.lib import ingestion

    ingestion.build(full_refresh=full_refresh)


@app.command()
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would leave; change nothing.")] = False,
) -> None:
    """Let go of what is older than the settings say: archive old months, drop raw rows that lost, old logs."""
    from orchestration.lib import retention as service
    from warehouse.cli.console import show_table
    from warehouse.settings import get_settings

    outcome = service.run(get_settings(), dry_run=dry_run)
    title = "What would leave" if dry_run else "What has left"
    rows = [(each.what, f"{each.count:,} {each.unit}", f"{each.size_bytes:,}", each.before) for each in outcome.expired]
    if rows:
        show_table(title, ("what", "how much", "bytes", "older than"), rows, right=(1, 2))
    elif not outcome.problems:
        say("Nothing is old enough to leave.")
    if outcome.problems:
        raise PaidMediaError("; ".join(outcome.problems))


@app.command()
def rejects(
    delivery_id: Annotated[
        str | None, typer.Argument(metavar="[DELIVERY]", help="Without one, lists the deliveries that have some.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the whole file, its rejected rows marked, as CSV.")
    ] = None,
) -> None:
    """Show the rejected rows of a delivery, and write its file to be corrected and delivered again."""
    from loaders.files.corrections import marked_file
    from warehouse.deliveries import rejects as service
    from warehouse.postgres.database import session
    from warehouse.settings import get_settings

    with session() as current:
        if delivery_id is None:
            deliveries.show_rejecting(service.deliveries(current))
            return
        delivery = service.delivery(current, delivery_id)
        rows = service.rows(current, delivery)
    deliveries.show_rejects(delivery, rows)
    if out is not None:
        deliveries.write_file(out, marked_file(get_settings(), delivery, rows))
    deliveries.show_way_back(delivery, out)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON list, for a program.")] = False) -> None:
    """Look at everything that a support person would look at, and say what to do; fails if something is bad."""
    from orchestration.doctor.examination import examine
    from orchestration.doctor.telling import show

    if show(examine(), as_json=as_json):
        raise typer.Exit(1)


@app.command()
def metrics(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 9108,
    once: Annotated[bool, typer.Option("--once", help="Print the metrics and end.")] = False,
) -> None:
    """Answer Prometheus on /metrics until Ctrl-C."""
    from orchestration import metrics as exporter
    from warehouse.settings import get_settings

    settings = get_settings()
    if once:
        sys.stdout.write(exporter.text_of(settings))
        return
    say(f"Metrics are on http://{host}:{port}/metrics until Ctrl-C.")
    exporter.serve(settings, host, port)


app.command()(backups.backup)
app.command()(backups.restore)
app.command()(backups.restore_drill)
app.command()(deliveries.status)
app.command()(explain.explain)
app.command()(deliveries.release)
app.command()(deliveries.resolve)


def _log_failure(error: PaidMediaError) -> None:
    """A line of the structured log, with the command's name only: an argument may be a key."""
    from warehouse import logs
    from warehouse.settings import get_settings

    with suppress(PaidMediaError):  # the settings themselves may be what is wrong
        name = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        logs.logger(get_settings()).error("command failed", command=name, error=str(error))


def main() -> None:
    """Entry point of the command."""
    try:
        code: object = app(standalone_mode=False)
    except PaidMediaError as error:
        complain(str(error))
        _log_failure(error)
        code = 1
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        message = error.format_message()
        if message:  # empty where a group was called without a command: its help has been shown
            complain(f"{message.rstrip('.')}. See: {context.command_path if context else 'paidmedia'} --help")
        code = 2
    except (typer.Abort, KeyboardInterrupt):
        complain("stopped; a rerun takes up where this ended")
        code = 130
    gc.freeze()  # or the interpreter looks through half a million objects before it ends, for two seconds
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
