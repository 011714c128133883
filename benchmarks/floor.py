"""The floor: what any warehouse on this Postgres has to do with a day's bytes, and nothing else.

the same files → COPY into unindexed tables of text → one CREATE TABLE AS with the grain of `marts.daily_metrics`
"""

import csv
import time
from datetime import date
from typing import Any

import psycopg2
from psycopg2 import sql

from benchmarks.truth import compare, measured_rows
from benchmarks.world import World
from loaders.registry import names
from warehouse.postgres import database

# ruff: noqa: S608 – the schema is ours
SCHEMA = "bench_floor"

# A day's rows of each source by the grain, amounts as numbers. Facebook's grand total has no day.
GROUPED = f"""
    create table {SCHEMA}.metrics as
    with delivered as (
        select
            client_id, 'surfside' as source, to_date("Event Date", 'MM/DD/YYYY') as date, 'Always On' as campaign,
            "Strategy Name" as strategy, "Placement Name" as placement, "Creative Name" as creative,
            cast("Impressions" as bigint) as impressions, cast("Clicks" as bigint) as clicks,
            cast("Conversions" as bigint) as conversions, cast("Conversion Value" as numeric) as revenue,
            cast(replace(replace(" Media Spend ", ' -   ', '0'), '$', '') as numeric) as spend
        from {SCHEMA}.surfside
        union all
        select
            client_id, 'vibe', cast(impression_date as date), campaign_name, strategy_name, channel_name, creative_name,
            cast(cast(impressions as numeric) as bigint), null, cast(cast(number_of_purchases as numeric) as bigint),
            cast(amount_of_purchases as numeric), cast(spend as numeric)
        from {SCHEMA}.vibe
        union all
        select
            client_id, 'facebook', cast("Day" as date), "Campaign Name", "Ad Set Name", "Ad Name", "Ad Name",
            cast("Impressions" as bigint), cast("Link clicks" as bigint), cast("Purchases" as bigint),
            cast("Purchases conversion value" as numeric), cast("Amount spent (USD)" as numeric)
        from {SCHEMA}.facebook
        where "Day" <> ''
    )
    select
        client_id, source, date, campaign, strategy, placement, creative, sum(impressions) as impressions,
        sum(clicks) as clicks, sum(conversions) as conversions, sum(revenue) as revenue, sum(spend) as spend
    from delivered
    group by creative, placement, date, strategy, campaign, client_id, source
"""
SUMS = f"""
    select client_id, source, date, count(*), sum(impressions), sum(clicks), sum(conversions), sum(revenue), sum(spend)
    from {SCHEMA}.metrics group by client_id, source, date
"""


def floor(world: World, when: date) -> dict[str, Any]:
    """Seconds of COPY and of grouping one day as it was first delivered. Raises where a sum is wrong."""
    wanted = measured_rows(world.make_day(when))
    connection = psycopg2.connect(database.database_url(world.settings))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}")
            for source in names():
                _create(cursor, world, source, when)
        started = time.monotonic()
        with connection, connection.cursor() as cursor:
            for source in names():
                for client_id in world.size.client_ids:
                    _copy(cursor, world, source, client_id, when)
        copied = time.monotonic()
        with connection, connection.cursor() as cursor:
            cursor.execute("set local work_mem = '128MB'")  # what the product's models sort with
            cursor.execute(GROUPED)
        grouped = time.monotonic()
        with connection, connection.cursor() as cursor:
            cursor.execute(SUMS)
            compare("the floor", wanted, cursor.fetchall())
            cursor.execute(f"drop schema {SCHEMA} cascade")
    finally:
        connection.close()
    return {"seconds": grouped - started, "stages": {"COPY": copied - started, "CREATE TABLE AS": grouped - copied}}


def _create(cursor: Any, world: World, source: str, when: date) -> None:
    """A table of text with the headings of the source's files."""
    with world.path(source, world.size.client_ids[0], when).open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in header)
    table = sql.Identifier(SCHEMA, source)
    cursor.execute(sql.SQL("create table {} ({}, client_id text)").format(table, columns))


def _copy(cursor: Any, world: World, source: str, client_id: str, when: date) -> None:
    """One file; whose it is stands in no column, so it is the default while the file is copied."""
    path = world.path(source, client_id, when)
    table = sql.Identifier(SCHEMA, source)
    owner = sql.SQL("alter table {} alter column client_id set default {}").format(table, sql.Literal(client_id))
    cursor.execute(owner)
    with path.open("rb") as file:
        names = next(csv.reader([file.readline().decode("utf-8")]))
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        # An empty cell is an empty text: nothing is unknown in a file.
        copy = sql.SQL("copy {} ({}) from stdin (format csv, null '\\N')").format(table, columns)
        cursor.copy_expert(copy.as_string(cursor), file)
