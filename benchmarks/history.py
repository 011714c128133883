"""Days of history without hours of loading: the first loaded day, written again under other dates, then built.

deliveries of the first day in raw_<source> → template → insert … select per day: rows, ledger, verdict, attempt

What is written is what a load would have written: the same tables, columns, widths and indexes. A day differs from the
first one by its age: every row has that many more impressions, and as many more cents of revenue and reported spend.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from threading import Event
from typing import Any

import psycopg2

from benchmarks.day import build, check
from benchmarks.truth import Slice, Totals
from benchmarks.world import World
from loaders.files.schema import tables
from loaders.registry import columns_of, names
from warehouse.postgres import database

# Names of tables and columns are ours, ages are numbers.
# ruff: noqa: S608
SCHEMA = "bench"


def fill(world: World, days: Sequence[date], tell: Callable[[str], None]) -> None:
    """Write and build the days that are not there yet, a few at a time; the three sources are written side by side."""
    first = world.size.dates[0]
    template = {key: totals for key, totals in world.expected.slices.items() if key[2] == first}
    with _cursor(world) as cursor:
        cursor.execute(f"create schema if not exists {SCHEMA}")
    step = world.size.days_per_build
    for at in range(0, len(days), step):
        together = days[at : at + step]
        chunk = [day for day in together if not _is_built(world, day)]
        if not chunk:
            world.expected.put(dict(_grown(template, together)))
            continue
        _write(world, chunk)
        tell(f"{chunk[0]} to {chunk[-1]}: written to the raw tables")
        seconds = build(world, "build of history").wall
        world.expected.put(dict(_grown(template, together)))
        check(world, chunk[-1])
        tell(f"{chunk[0]} to {chunk[-1]}: built in {seconds:.0f} s")
    _settle(world)


def _write(world: World, days: Sequence[date]) -> None:
    """The raw tables of the three sources side by side; if one fails or all are stopped, each ends after its day."""
    stopped = Event()
    with ThreadPoolExecutor(len(names())) as pool:
        try:
            for each in [pool.submit(_fill_source, world, source, days, stopped) for source in names()]:
                each.result()
        finally:
            stopped.set()


def forget(world: World, day: date) -> None:
    """Take the deliveries of a day out again: a run that ended while it was loaded begins it anew."""
    for source in names():
        with _cursor(world) as cursor:
            cursor.execute(f"select delivery_id from raw_{source}.delivery_days where date = %s", (day,))
            ids = [row[0] for row in cursor.fetchall()]
            for table in tables(columns_of(source).table):
                cursor.execute(f"delete from raw_{source}.{table} where delivery_id = any(%s)", (ids,))
            cursor.execute("delete from control.delivery_verdicts where delivery_id = any(%s)", (ids,))


def is_begun(world: World, day: date) -> bool:
    """Whether something of a day was delivered."""
    with _cursor(world) as cursor:
        for source in names():
            cursor.execute(f"select exists (select from raw_{source}.delivery_days where date = %s)", (day,))
            if cursor.fetchone()[0]:
                return True
    return False


def _is_built(world: World, day: date) -> bool:
    """Whether a day of history is published whole."""
    with _cursor(world) as cursor:
        query = "select count(distinct (client_id, source)) from marts.daily_campaign_metrics where date = %s"
        cursor.execute(query, (day,))
        return int(cursor.fetchone()[0]) == len(world.size.client_ids) * len(names())


def _grown(template: Mapping[Slice, Totals], days: Sequence[date]) -> Iterator[tuple[Slice, Totals]]:
    for (client_id, source, first), totals in template.items():
        for day in days:
            yield (client_id, source, day), totals.grown((day - first).days)


def _fill_source(world: World, source: str, days: Sequence[date], stopped: Event) -> None:
    """Each day is one transaction: whole, or not there."""
    first = world.size.dates[0]
    rows = columns_of(source).table
    with _cursor(world) as cursor:
        _keep_template(cursor, source, first)
    for day in days:
        if stopped.is_set():
            return
        with _cursor(world) as cursor:
            cursor.execute("set local synchronous_commit = off")
            cursor.execute(f"select exists (select from raw_{source}.delivery_days where date = %s)", (day,))
            if cursor.fetchone()[0]:
                continue
            cursor.execute(RENAMED.format(source=source), {"day": day, "age": (day - first).days})
            for table in (rows, "deliveries", "delivery_days", "_dlt_loads"):
                _copy(cursor, source, table, (day - first).days, is_rows=table == rows)
            cursor.execute(VERDICTS.format(source=source))
            cursor.execute(ATTEMPTS.format(source=source))


def _keep_template(cursor: Any, source: str, first: date) -> None:
    """The first day's winning deliveries and their rows, so that the growing tables are not read for each day."""
    rows = columns_of(source).table
    cursor.execute(f"select to_regclass('{SCHEMA}.{source}_{rows}')")
    if cursor.fetchone()[0] is not None:
        return
    cursor.execute(
        f"""
        create unlogged table {SCHEMA}.{source}_deliveries as
        select distinct on (client_id) deliveries.*
        from raw_{source}.deliveries inner join raw_{source}.delivery_days using (delivery_id, client_id)
        where delivery_days.date = %(first)s
        order by client_id, as_of desc, delivered_at desc
        """,
        {"first": first},
    )
    for table, key in ((rows, "delivery_id"), ("delivery_days", "delivery_id"), ("_dlt_loads", "load_id")):
        owner = "_dlt_load_id" if key == "load_id" else key
        cursor.execute(
            f"create unlogged table {SCHEMA}.{source}_{table} as select * from raw_{source}.{table} "
            f"where {key} in (select {owner} from {SCHEMA}.{source}_deliveries)"
        )


# The new names of a day's deliveries and packages; their as-of is the morning after the day.
RENAMED = f"""
    create temporary table renamed on commit drop as
    select
        delivery_id,
        client_id,
        _dlt_load_id as load_id,
        rows_read,
        rows_accepted,
        rows_rejected,
        rows_dropped,
        '{{source}}-' || client_id || to_char(%(day)s + interval '29 hours', '-YYYYMMDD"T"HH24MISS-')
        || substr(md5(delivery_id || %(age)s), 1, 8) as new_delivery_id,
        cast(cast(_dlt_load_id as numeric) - 100000000 + %(age)s * 86400 as text) as new_load_id,
        cast(%(day)s as date) as day,
        (%(day)s + interval '29 hours') at time zone 'UTC' as delivered_at
    from {SCHEMA}.{{source}}_deliveries
"""
VERDICTS = """
    insert into control.delivery_verdicts (delivery_id, source, client_id, verdict, judged_at)
    select new_delivery_id, '{source}', client_id, 'passed', delivered_at from renamed
"""
ATTEMPTS = """
    insert into control.ingestion_runs (
        ingestion_run_id, source, client_id, covers_from, covers_to, origin, delivery_id,
        rows_read, rows_accepted, rows_rejected, rows_dropped, started_at, finished_at, status
    )
    select
        gen_random_uuid(), '{source}', client_id, day, day, 'history', new_delivery_id,
        rows_read, rows_accepted, rows_rejected, rows_dropped, delivered_at, delivered_at, 'loaded'
    from renamed
"""


def _copy(cursor: Any, source: str, table: str, age: int, *, is_rows: bool) -> None:
    """The template's rows of one table under the day's names, grown by its age."""
    is_package = table == "_dlt_loads"
    changed = {"load_id": "d.new_load_id"} if is_package else _changed(age, table, is_rows=is_rows)
    columns = _listed(cursor, source, table).split(", ")
    values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
    key = "load_id" if is_package else "delivery_id"
    # Several deliveries may have come in one package.
    names = "(select distinct load_id, new_load_id from renamed)" if is_package else "renamed"
    cursor.execute(
        f"insert into raw_{source}.{table} ({', '.join(columns)}) "
        f"select {values} from {SCHEMA}.{source}_{table} as t inner join {names} as d on d.{key} = t.{key}"
    )


def _changed(age: int, table: str, *, is_rows: bool) -> dict[str, str]:
    """By column: what a copy has in place of the template's value."""
    rows = "1" if is_rows else "t.rows" if table == "delivery_days" else "t.rows_accepted"
    steps = {"impressions": f"{age}", "conversion_revenue": f"{age} * 0.01", "reported_spend": f"{age} * 0.01"}
    changed = {"delivery_id": "d.new_delivery_id", "_dlt_load_id": "d.new_load_id", "date": "d.day"}
    changed |= {
        "as_of": "d.delivered_at",
        "delivered_at": "d.delivered_at",
        "covers_from": "d.day",
        "covers_to": "d.day",
    }
    suffixes = ("_read", "_accepted") if table == "deliveries" else ("",)
    return changed | {
        f"{name}{suffix}": f"t.{name}{suffix} + {step} * {rows}" for name, step in steps.items() for suffix in suffixes
    }


def _listed(cursor: Any, source: str, table: str) -> str:
    """The columns of a raw table, as they are in this version of the product."""
    query = """
        select string_agg(column_name, ', ' order by ordinal_position) from information_schema.columns
        where table_schema = %s and table_name = %s
    """
    cursor.execute(query, (f"raw_{source}", table))
    return str(cursor.fetchone()[0])


def _settle(world: World) -> None:
    """What the server would do by and by, and in the middle of a measurement, is done now."""
    connection = psycopg2.connect(database.database_url(world.settings))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for source in names():
                cursor.execute(f"vacuum (analyze) raw_{source}.{columns_of(source).table}")
    finally:
        connection.close()


@contextmanager
def _cursor(world: World) -> Iterator[Any]:
    """A cursor in a transaction of its own connection."""
    connection = psycopg2.connect(database.database_url(world.settings), options="-c timezone=utc")
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
