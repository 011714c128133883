"""`make run`: the whole path on made-up clients, through the same commands that a person types.

stand-ins for S3 and Vibe → paidmedia db migrate, client add, load, upload, build → marts → compared with the plan

The table at the end is in table.py.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import text

from sandbox import people, table, world
from sandbox.plan import MediaPlan
from sandbox.serve import set_up_commands
from sandbox.truth import totals
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import get_settings

PLANTED = (
    "The first of {client}'s exports states a total that is not the sum of its rows. It is planted, so that you\n"
    "see how paidmedia warns of that when it first reads such a file: nothing is wrong, and the rows count."
)


def main(days: int = world.DAYS) -> int:
    """Run everything; 0 when every number of the marts equals the plan's own truth.

    `days` is the length of a new plan; a home that has one keeps it.
    """
    settings = get_settings()
    screen = Console(width=None if sys.stdout.isatty() else 180, highlight=False)
    if settings.database_url is not None:
        raise PaidMediaError("make run fills a database with made-up clients", fix="unset DATABASE_URL")
    started = time.monotonic()
    plan = world.remembered_plan(settings, days)
    window = f"{plan.first_day} to {plan.last_day}"
    screen.print(
        f"{len(plan.clients)} clients, three sources, {window}: starting the stand-ins for S3 and the Vibe API …"
    )
    with world.running(plan) as environment:
        _set_up(plan, environment)
        _load(plan, environment, settings.paidmedia_home)
    delivered = _delivered()
    wrong = table.differences(totals(plan), delivered)
    table.show(screen, delivered, wrong)
    _explain(screen, time.monotonic() - started, people.remembered(settings))
    _paidmedia(dict(os.environ), "db", "stop")
    for (client_id, source), lines in wrong.items():
        for line in lines:
            screen.print(f"[red]differs from the plan: {client_id}, {source}: {line}[/red]", soft_wrap=True)
    return 1 if any(wrong.values()) else 0


def _set_up(plan: MediaPlan, environment: dict[str, str]) -> None:
    """Clients, rates and credentials; a second run finds them there."""
    _paidmedia(environment, "db", "migrate")
    with database.session() as current:
        known = set(current.scalars(text("select client_id from control.clients")))
    for client in plan.clients:
        if client.client_id not in known:
            for command in set_up_commands(client):
                _paidmedia(environment, *command[1:])
    people.add(plan, environment, _paidmedia)


def _load(plan: MediaPlan, environment: dict[str, str], home: Path) -> None:
    """All days of every source, then one build."""
    window = ("--from", plan.first_day.isoformat(), "--to", plan.last_day.isoformat(), "--no-build")
    _paidmedia(environment, "load", "surfside", *window)
    _paidmedia(environment, "load", "vibe", *window)
    for client in plan.clients:
        files = world.write_exports(plan, client, home / "sandbox" / "exports")
        if client == plan.clients[0]:
            sys.stdout.write(PLANTED.format(client=client.client_id) + "\n")
        _paidmedia(environment, "upload", *map(str, files), "--client", client.client_id, "--no-build")
    _paidmedia(environment, "build")


def _paidmedia(environment: dict[str, str], *words: str, typed: str | None = None) -> None:
    """Type one command, and what it asks for. Raises `PaidMediaError` when it fails; it has said why by then."""
    shown = ["•••" if before == "--api-key" else word for before, word in zip(("", *words), words, strict=False)]
    sys.stdout.write(f"$ paidmedia {' '.join(shown)}\n")
    sys.stdout.flush()
    program = Path(sys.executable).with_name("paidmedia")
    if subprocess.run([str(program), *words], env=environment, input=typed, text=True, check=False).returncode != 0:
        raise PaidMediaError(f"`paidmedia {words[0]}` failed", fix="its message is above")


def _delivered() -> dict[tuple[str, str], dict[str, Any]]:
    """What the marts hold, by client and source."""
    query = """
        select
            client_id, source, currency,
            sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
            sum(conversions)::bigint as conversions,
            sum(conversion_revenue) as conversion_revenue, sum(spend) as spend,
            sum(clicks) * 100.0 / nullif(sum(impressions), 0) as ctr,
            sum(spend) / nullif(sum(clicks), 0) as cpc,
            sum(spend) / nullif(sum(conversions), 0) as cpa,
            sum(conversion_revenue) * 100 / nullif(sum(spend), 0) as roas
        from marts.daily_metrics
        group by client_id, source, currency
    """
    with database.session() as current:
        return {(row.client_id, row.source): dict(row._mapping) for row in current.execute(text(query))}


def _explain(screen: Console, seconds: float, logins: dict[str, str]) -> None:
    screen.print(f"Done in {seconds:.0f} s. Look at it:")
    rows: Sequence[tuple[str, str]] = (
        ("make serve", "Dagster on 127.0.0.1:3000, the app on 8501, the dbt docs on 8080"),
        (".venv/bin/paidmedia status", "what arrived, what is held, what failed"),
        (".venv/bin/paidmedia db psql", "SQL: select * from marts.daily_metrics limit 10"),
        (".venv/bin/paidmedia bi-login add --agency", "a login for a BI tool, over all clients"),
        ("make clean", "stop the embedded server and remove what the run has left"),
    )
    grid = Table.grid(padding=(0, 2))
    for command, shows in rows:
        grid.add_row(f"  [bold]{command}[/bold]", shows)
    screen.print(grid)
    screen.print("Log in to the app as one of these, whose passwords are made up as well:")
    people_grid = Table.grid(padding=(0, 2))
    for email, password in logins.items():
        people_grid.add_row(f"  [bold]{email}[/bold]", Text(password))
    screen.print(people_grid)


if __name__ == "__main__":
    from warehouse.cli.console import complain

    try:
        sys.exit(main(*map(int, sys.argv[1:2])))
    except PaidMediaError as error:
        complain(str(error))
        sys.exit(1)
