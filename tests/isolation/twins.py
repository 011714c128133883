"""Two databases that differ in nothing but what the rows of other clients say: for a client's login they are one.

the same marts, empty → as many rows of a day, of the same widths and order → for the others another draw of values in
each, and in one of them most of their rows are of a single client
"""

import string
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import make_url

from tests.rows import insert

DAYS = [date(2026, 3, 22) + timedelta(days=number) for number in range(20)]  # two months
MONTHS = ((date(2026, 3, 1), date(2026, 4, 1)), (date(2026, 4, 1), date(2026, 5, 1)))
OWN = "acme"
OTHERS = 4
A_DAY = 2  # rows of a client and day, before they are shared out otherwise
VARIANTS = ("one", "other")
COLUMNS = """
    select relations.relname, attributes.attname, format_type(attributes.atttypid, null), not attributes.attnotnull
    from pg_class as relations
    inner join pg_attribute as attributes on attributes.attrelid = relations.oid
    where
        relations.relnamespace = cast(%s as regnamespace) and relations.relkind in ('r', 'p', 'v')
        and attributes.attnum > 0 and not attributes.attisdropped
    order by relations.relname, attributes.attnum
"""
Columns = dict[str, dict[str, str]]  # mart → column → type
Nullable = set[tuple[str, str]]  # mart and column


@dataclass(frozen=True)
class Twins:
    """The URLs of the client's login in both, the columns of the marts, and values of the client and of the others."""

    urls: tuple[str, str]
    owner_urls: tuple[str, str]
    columns: Columns
    own_values: Mapping[str, tuple[Any, ...]]  # by type
    foreign_values: Mapping[str, tuple[Any, ...]]


class Draw:
    """Values of a fixed width."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def text(self, width: int = 10) -> str:
        return "".join(self._random.choices(string.ascii_lowercase, k=width))

    def value(self, kind: str) -> Any:
        """A value of a column's type."""
        digits = "".join(self._random.choices("123456789", k=9))
        return {
            "text": self.text,
            "bigint": lambda: int(digits[:6]),
            "integer": lambda: int(digits[:6]),
            "numeric": lambda: Decimal(f"{digits[:4]}.{digits[4:8]}"),
            "boolean": lambda: self._random.random() < 0.5,
            "timestamp with time zone": lambda: datetime(2026, 4, 1, 0, 0, int(digits[0]), tzinfo=UTC),
            "jsonb": lambda: [{"name": self.text(6), "impressions": int(digits[:5])}],
        }[kind]()


def fill(connection: Connection, columns: Columns, nullable: Nullable, variant: str) -> dict[str, dict[str, list[Any]]]:
    """Put the rows of all clients into every mart. Returns some of the values by "own" or "foreign" and type."""
    own, others, gaps, shares = Draw("own"), Draw(variant), Random("gaps"), Random("shares")
    most_to_one = variant == VARIANTS[1]
    clients = [(OWN, "Acme Outdoor")] + [(others.text(5), others.text(8).title()) for _ in range(OTHERS)]
    drawn: dict[str, dict[str, list[Any]]] = {"own": {}, "foreign": {}}
    for slug, name in clients[1:]:
        insert(connection, "control.clients", {"client_id": slug, "name": name, "currency": "USD"})
    _make_partitions(connection)
    for mart, kinds in columns.items():
        rows = []
        for day_number, day in enumerate(DAYS):
            for client_number in range(len(clients)):
                # Whose turn it is depends on the day, so that nobody's rows lie together.
                number = (client_number + day_number) % len(clients)
                draw, whose = (own, "own") if number == 0 else (others, "foreign")
                for _ in range(A_DAY):
                    if number and most_to_one and shares.random() < 0.8:
                        number = 1
                    row: dict[str, Any] = {}
                    for column, kind in kinds.items():
                        is_missing = gaps.random() < 0.1 and (mart, column) in nullable
                        row[column] = None if is_missing else draw.value(kind) if kind != "date" else day
                    row["client_id"] = clients[number][0]
                    row |= {"client_name": clients[number][1]} if "client_name" in row else {}
                    if gaps.random() < 0.8:  # clients call different things alike
                        row |= {name: "Brand" for name in ("campaign_name", "entity_name") if name in row}
                    rows.append(row)
                    for column, kind in kinds.items():
                        drawn[whose].setdefault(kind, []).append(row[column])
        insert(connection, f"marts.{mart}", *_without_doubles(mart, rows))
    connection.commit()
    return drawn


def _without_doubles(mart: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the client list one row a client; elsewhere the drawn ids and the days keep the keys apart."""
    first: dict[object, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        first.setdefault(row["client_id"] if mart == "dim_clients" else number, row)
    return list(first.values())


def _make_partitions(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'p'")
        for (mart,) in cursor.fetchall():
            for first, after in MONTHS:
                cursor.execute(
                    f"create table publishing.{mart}_{first:%Y_%m} partition of marts.{mart}"
                    f" for values from ('{first}') to ('{after}')"
                )
            cursor.execute(f"select access.index_for_clients('marts.{mart}')")


def columns_of(connection: Connection, schema: str) -> tuple[Columns, Nullable]:
    """The columns of the tables or views of a schema, and which of them may be null."""
    columns, nullable = Columns(), Nullable()
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, (schema,))
        for relation, column, kind, may_be_null in cursor.fetchall():
            columns.setdefault(relation, {})[column] = kind
            nullable |= {(relation, column)} if may_be_null else set()
    return columns, nullable


@contextmanager
def owned(url: str) -> Iterator[Connection]:
    with closing(psycopg2.connect(url)) as connection:
        yield connection


def twins_of(url: str, make_databases: str, login_url: str) -> Twins:
    """Copy the database with its empty marts, fill both, and take complete statistics.

    `make_databases` is a URL of the maintenance database for whoever may make one; `login_url` that of the client's
    login, which opens both.
    """
    other = make_url(url).set(database=f"{make_url(url).database}_twin").render_as_string(hide_password=False)
    with closing(psycopg2.connect(make_databases)) as connection:
        connection.autocommit = True
        connection.cursor().execute(
            f'create database "{make_url(other).database}" template "{make_url(url).database}"'
            f' owner "{make_url(url).username}"'
        )
    drawn: dict[str, dict[str, list[Any]]] = {}
    columns: Columns = {}
    for twin, variant in zip((url, other), VARIANTS, strict=True):
        with owned(twin) as connection:
            columns, nullable = columns_of(connection, "marts")
            drawn_here = fill(connection, columns, nullable, variant)
            for whose, by_type in drawn_here.items():
                for kind, values in by_type.items():
                    drawn.setdefault(whose, {}).setdefault(kind, []).extend(values)
            connection.autocommit = True
            connection.cursor().execute("vacuum analyze")
    login_urls = tuple(
        make_url(login_url).set(database=make_url(each).database).render_as_string(hide_password=False)
        for each in (url, other)
    )
    pick = {
        whose: {kind: tuple(value for value in values if value is not None) for kind, values in by_type.items()}
        for whose, by_type in drawn.items()
    }
    return Twins(login_urls, (url, other), columns, pick["own"], pick["foreign"])  # type: ignore[arg-type]
