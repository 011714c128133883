"""Marts of a month without loading a month: the published days, copied to the days before them.

published days → in turn, a copy for every earlier day → weeks, months, freshness → statistics

Pages read marts and the ledger, so to a page this is a month's history: its rows, widths, order, partitions, indexes.
Weeks and months are copied as they stand, too: their sums are those of their template. A home whose marts are stretched
is only good for reading, because its raw tables do not hold what its marts say.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import psycopg2

from benchmarks.world import World
from warehouse.postgres import database

# Names of tables and columns are ours.
# ruff: noqa: S608
FACT = "daily_metrics"
DAYS = (FACT, "daily_campaign_metrics", "metric_restatements")
PERIODS = {"weekly_summaries": "week", "monthly_summaries": "month", "source_breakdown": "month"}
COPIED = "copied"
COUNTS = ("deliveries", "rows_read", "rows_accepted", "rows_rejected", "rows_dropped")


def stretch(world: World, days: int, tell: Callable[[str], None]) -> int:
    """Copy published days until there are so many, up to the last one; returns how many were built. Safe to repeat."""
    published = _published(world)
    built = sorted(published - _copied(world))
    first = built[-1] - timedelta(days=days - 1)
    wanted = [first + timedelta(days=number) for number in range((built[0] - first).days)]
    templates = [day for day in built if world.expected.rate(day) == world.expected.rate(first)]
    missing = sorted(set(wanted) - published)
    for number, day in enumerate(missing):
        template = templates[number % len(templates)]
        with _cursor(world) as cursor:
            _copy_day(cursor, template, day)
        slices = {key: totals for key, totals in world.expected.slices.items() if key[2] == template}
        world.expected.put({(client_id, source, day): totals for (client_id, source, _), totals in slices.items()})
        tell(f"    {day}: copied from {template}")
    with _cursor(world) as cursor:
        cursor.execute("select min(first_date) from marts.data_freshness")
        if cursor.fetchone()[0] > first:
            for table, period in PERIODS.items():
                _copy_periods(cursor, table, period, first)
            grown = ", ".join(f"{name} = {name} * {days} / {len(built)}" for name in COUNTS)
            cursor.execute(f"update marts.data_freshness set first_date = %s, {grown}", (first,))
    if missing:
        _settle(world)
    return len(built)


def is_stretched(world: World) -> bool:
    """Whether days were copied here."""
    return bool(_copied(world))


def _copied(world: World) -> set[date]:
    with _cursor(world) as cursor:
        cursor.execute("select distinct covers_from from control.ingestion_runs where origin = %s", (COPIED,))
        return {day for (day,) in cursor.fetchall()}


def _published(world: World) -> set[date]:
    with _cursor(world) as cursor:
        cursor.execute("select distinct date from marts.daily_campaign_metrics")
        return {day for (day,) in cursor.fetchall()}


def _copy_day(cursor: Any, template: date, day: date) -> None:
    """One day of every mart that has days, in the order of its rows, and its attempts."""
    cursor.execute("set local synchronous_commit = off")
    _make_partition(cursor, day)
    for table in DAYS:
        _copy(cursor, "marts", table, {"date": "%(day)s"}, "t.date = %(template)s", day=day, template=template)
    moved = {name: f"t.{name} - (%(template)s - %(day)s) * interval '1 day'" for name in ("started_at", "finished_at")}
    changed = moved | {
        "ingestion_run_id": "gen_random_uuid()",
        "covers_from": "%(day)s",
        "covers_to": "%(day)s",
        "origin": f"'{COPIED}'",
    }
    where = "t.covers_from = %(template)s and t.status = 'loaded'"
    _copy(cursor, "control", "ingestion_runs", changed, where, day=day, template=template)


def _make_partition(cursor: Any, day: date) -> None:
    """The month's partition of the fact, as publishing makes it."""
    name = f"publishing.{FACT}_{day:%Y_%m}"
    cursor.execute("select to_regclass(%s)", (name,))
    if cursor.fetchone()[0] is None:
        start = day.replace(day=1)
        end = (start + timedelta(days=31)).replace(day=1)
        cursor.execute(f"create table {name} (like marts.{FACT} including defaults including constraints)")
        cursor.execute(f"alter table marts.{FACT} attach partition {name} for values from (%s) to (%s)", (start, end))


def _copy_periods(cursor: Any, table: str, period: str, first: date) -> None:
    """The newest week or month of every client as each earlier one; those before it are whole."""
    cursor.execute(
        f"select max({period}_start), date_trunc(%s, cast(%s as timestamp)) from marts.{table}", (period, first)
    )
    newest, start = cursor.fetchone()
    changed = {
        f"{period}_start": "%(start)s",
        f"{period}_end": f"cast(cast(%(start)s as date) + interval '1 {period}' - interval '1 day' as date)",
        "is_complete": "true",
    }
    start = start.date()
    while start < newest:
        _copy(cursor, "marts", table, changed, f"t.{period}_start = %(newest)s", start=start, newest=newest)
        start += timedelta(days=7) if period == "week" else timedelta(days=32)
        start = start if period == "week" else start.replace(day=1)


def _copy(cursor: Any, schema: str, table: str, changed: Mapping[str, str], where: str, **values: object) -> None:
    """Rows of a table again, some of their columns changed; a column that it lacks is passed over."""
    query = """
        select column_name from information_schema.columns
        where table_schema = %s and table_name = %s order by ordinal_position
    """
    cursor.execute(query, (schema, table))
    columns = [name for (name,) in cursor.fetchall()]
    chosen = ", ".join(changed.get(name, f"t.{name}") for name in columns)
    cursor.execute(
        f"insert into {schema}.{table} ({', '.join(columns)}) select {chosen} from {schema}.{table} as t where {where}",
        values,
    )


def _settle(world: World) -> None:
    """Visibility and statistics, as autovacuum leaves them by and by."""
    connection = psycopg2.connect(database.database_url(world.settings))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for table in (*DAYS, *PERIODS, "data_freshness"):
                cursor.execute(f"vacuum (analyze) marts.{table}")
    finally:
        connection.close()


@contextmanager
def _cursor(world: World) -> Iterator[Any]:
    """A cursor in a transaction of its own connection, as the owner: row-level security does not bind it."""
    connection = psycopg2.connect(database.database_url(world.settings), options="-c timezone=utc")
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
