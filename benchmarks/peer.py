"""The peer under the clock: the same bytes through `benchmarks.peers.etl`, and its sums compared."""

from datetime import date
from typing import Any

import psycopg2

from benchmarks import commands
from benchmarks.peers.etl import SCHEMA
from benchmarks.truth import compare, measured_rows
from benchmarks.world import World
from warehouse.postgres import database

SUMS = f"""
    select client, source, date, count(*), sum(impressions), sum(clicks), sum(conversions), sum(revenue), sum(spend)
    from {SCHEMA}.daily_metrics group by client, source, date
"""  # noqa: S608 – the schema is ours


def peer(world: World, when: date) -> dict[str, Any]:
    """Seconds that the peer takes for a day as it was first delivered. Raises where a sum is wrong."""
    wanted = measured_rows(world.make_day(when))
    url = database.database_url(world.settings)
    folder = str(world.path("vibe", "", when).parent)
    done = commands.module("peer", "benchmarks.peers.etl", url, folder, postmaster=world.postmaster)
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(SUMS)
            compare("the peer", wanted, cursor.fetchall())
            cursor.execute(f"drop schema {SCHEMA} cascade")
    finally:
        connection.close()
    return {"seconds": done.wall, "processor_seconds": done.cpu, "peak_mb": {done.label: done.peak_mb} | done.peaks}
