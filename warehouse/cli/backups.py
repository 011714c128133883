"""`paidmedia backup`, `restore` and `restore-drill`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from warehouse.cli.console import parse_time, say, show_table

LATEST = "latest"


def backup(
    full: Annotated[bool, typer.Option("--full", help="A full one, even if what changed would do.")] = False,
    show: Annotated[bool, typer.Option("--list", help="Only show the backups, and how far they reach.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Keep no more log, as before the first backup.")] = False,
    receive_log: Annotated[
        bool, typer.Option("--receive-log", help="Stay and receive the log of the server of DATABASE_URL: a service.")
    ] = False,
) -> None:
    """Back up the database and the delivered files, and keep the log from then on."""
    from warehouse.backup import expiry, log, servers, taking
    from warehouse.settings import get_settings

    settings = get_settings()
    if show:
        _show(settings.backups)
        return
    if off:
        log.let_go(servers.find(settings))
        say("The log is no longer kept; the backups stay.")
        return
    if receive_log:
        server = servers.find(settings)
        log.receive(server, server.store(settings))
    taken = taking.take(settings, say, full=full)
    server = servers.find(settings)
    gone = expiry.expire(server.store(settings), server.now(), settings.backup_keep_days)
    size = taken.backup.size_bytes / 2**20
    say(f"Backup {taken.backup.label}: {size:,.1f} MB, {taken.files:,} new files, in {taken.backup.folder}.")
    if gone:
        say(f"{gone} backups were older than BACKUP_KEEP_DAYS and are gone.")
    if taken.log_arrives:
        say(f"Every moment from {taken.backup.ended_at:%Y-%m-%d %H:%M:%S} UTC on can be restored.")
    else:
        where = server.store(settings).log
        say(f"No log arrives in {where}: only the moment of the backup can be restored. See docs/runbooks/restore.md.")
    if settings.backup_dir is None:
        say("Set BACKUP_DIR, best to a folder on another disk, and Dagster takes one every day.")


def restore(
    to: Annotated[str, typer.Option(metavar="TIME", help="2026-11-01T09:30, in UTC, or latest.")],
    into: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Make a data folder there; start nothing.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring the database back to a moment: in its place, or into a folder of your choice."""
    from warehouse.backup import in_place, servers
    from warehouse.errors import PaidMediaError
    from warehouse.settings import get_settings

    settings = get_settings()
    moment: datetime | None = None if to == LATEST else parse_time(to)
    if into is not None:
        chosen = in_place.restore_into(settings, moment, into.resolve(), say)
        pg_ctl = servers.program("pg_ctl", chosen.backup.version)
        say(f"Laid out in {into.resolve()}. Start a server on it, and it recovers to {moment or 'the end of the log'}:")
        say(f"  {pg_ctl} -D {into.resolve()} -w start")
        return
    if settings.database_url is not None:
        fix = "add --into FOLDER, and start a server on that folder"
        raise PaidMediaError("the server of DATABASE_URL cannot be replaced from here", fix=fix)
    if not yes:
        typer.confirm(f"Everything in the database that came after {to} will be undone. Go on?", abort=True)
    done = in_place.restore(settings, moment, say)
    say(f"Restored from backup {done.label} in {done.seconds:.0f} s; {done.files} missing files were brought back.")
    if done.last_transaction:
        say(f"The last transaction in it is of {done.last_transaction}.")
    if done.aside:
        say(f"The data as they were before may hold what no backup does, and are kept: {done.aside}")


def restore_drill() -> None:
    """Restore the newest backup into a scratch folder, compare every total, and note how long it took."""
    from warehouse.backup.drill import drill
    from warehouse.settings import get_settings

    done = drill(get_settings(), say)
    say(
        f"{len(done.totals)} tables as they were at {done.moment:%Y-%m-%d %H:%M:%S} UTC, from backup {done.backup}: "
        f"restored in {done.restore_seconds:.1f} s, compared after {done.seconds:.1f} s."
    )


def _show(root: Path) -> None:
    from warehouse.backup import log
    from warehouse.backup.store import stores

    found = stores(root)
    if not found:
        say(f"There is no backup in {root}.")
    for store in found:
        rows = [
            (each.label, "all" if each.base is None else f"changes since {each.base}", each.ended_at,
             f"{each.size_bytes / 2**20:,.1f}")
            for each in store.backups()
        ]  # fmt: skip
        show_table(f"Server {store.system}", ("backup", "holds", "restores from (UTC)", "MB"), rows, right=(3,))
        reached = log.reaches_to(store)
        say(f"The newest log arrived at {reached:%Y-%m-%d %H:%M:%S} UTC." if reached else "No log has arrived.")
