"""The restore drill: the newest backup and its log become a scratch server that must show the totals of a known moment.

totals now ─► wait for the log ─► scratch folder, recovered to that moment ─► the same totals? ─► control.restore_drills
"""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import psycopg2
from sqlalchemy import select, update

from warehouse.backup import log, restoring, servers, totals
from warehouse.backup.restoring import Plan
from warehouse.backup.servers import Server
from warehouse.backup.store import Store
from warehouse.backup.taking import remove_leftovers
from warehouse.control import RestoreDrill
from warehouse.errors import PaidMediaError
from warehouse.postgres.database import database_url, session
from warehouse.settings import Settings

Report = Callable[[str], None]


def drill(settings: Settings, report: Report) -> RestoreDrill:
    """Restore to now, compare, and note how it went. Raises `PaidMediaError` if it failed, which is noted too."""
    began = time.monotonic()
    server = servers.find(settings)
    store = server.store(settings)
    report("adding up every table")
    moment, expected = _totals_now(settings)
    drill_id = _begin(settings, moment, expected)
    try:
        with store.locked():
            if not log.wait_for(log.push(server), store, settings):
                raise PaidMediaError(
                    "the server's log does not arrive", where=str(store.log), fix="see paidmedia backup --list"
                )
            chosen = restoring.plan(settings, moment, server.system)
            _note(settings, drill_id, backup=chosen.backup.label)
            seconds, found = _restored_totals(settings, server, store, chosen, report)
        differences = totals.differences(expected, found)
        if differences:
            raise PaidMediaError(
                "the restored tables differ", where="; ".join(differences[:5]), fix="take a full backup"
            )
    except Exception as error:
        _note(settings, drill_id, status="failed", error=" ".join(str(error).split()), seconds=time.monotonic() - began)
        raise
    _note(settings, drill_id, status="passed", restore_seconds=seconds, seconds=time.monotonic() - began)
    with session(settings) as current:
        done = current.scalars(select(RestoreDrill).where(RestoreDrill.drill_id == drill_id)).one()
        current.expunge(done)
    return done


def _totals_now(settings: Settings) -> tuple[datetime, totals.Totals]:
    connection = psycopg2.connect(database_url(settings), options="-c timezone=UTC")
    try:
        return totals.now(connection)
    finally:
        connection.close()


def _restored_totals(
    settings: Settings, server: Server, store: Store, chosen: Plan, report: Report
) -> tuple[float, totals.Totals]:
    """How long it took until the scratch server answered, and what it answered."""
    began = time.monotonic()
    remove_leftovers(store.folder)
    scratch = store.folder / f".drill-{secrets.token_hex(4)}"
    scratch.mkdir(mode=0o700)
    try:
        report(f"laying out backup {chosen.backup.label}")
        restoring.lay_out(chosen, scratch / "data")
        restoring.hand_over_all(store.log)
        report(f"replaying the log up to {chosen.moment}")
        with restoring.running(scratch / "data", server.version, archives=False) as private:
            seconds = time.monotonic() - began
            report("adding up every restored table")
            role, database = servers.owner_name(settings), servers.database_name(settings)
            with private.connected(role, database) as cursor:
                return seconds, totals.of_tables(cursor)
    finally:
        remove_leftovers(store.folder)


def _begin(settings: Settings, moment: datetime, expected: totals.Totals) -> UUID:
    row = RestoreDrill(moment=moment, totals=expected, status="running", started_at=datetime.now(UTC))
    with session(settings) as current:
        current.add(row)
        current.flush()
        return row.drill_id


def _note(settings: Settings, drill_id: UUID, **values: object) -> None:
    if values.get("status"):
        values["finished_at"] = datetime.now(UTC)
    with session(settings) as current:
        current.execute(update(RestoreDrill).where(RestoreDrill.drill_id == drill_id).values(**values))
