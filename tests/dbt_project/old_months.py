"""A warehouse with months that are old enough to leave: four clients, and the words to ask what became of them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests.dbt_project.raw_tables import Row, deliver
from tests.dbt_project.test_history_of_deliveries import Marts, tables
from tests.rows import add_client

TODAY = date(2026, 8, 5)  # with four hot months: April is hot from Wednesday the 1st, and open from Monday the 6th
FIRST_HOT, FIRST_OPEN = date(2026, 4, 1), date(2026, 4, 6)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


ACME = days(date(2026, 1, 15), date(2026, 7, 20))  # all of its windows are hot
QUIET = days(date(2026, 1, 20), date(2026, 4, 9))  # its windows of 30 and 90 days reach into March
GONE = days(date(2026, 1, 20), date(2026, 2, 15))  # archived altogether


def at(day: date, hour: int = 6) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def rows_of(some: list[date], *, more: int = 0) -> list[Row]:
    """Two creatives a day, one of which the first month alone has, with amounts of many digits."""
    return [
        Row(
            day,
            1_000 + day.toordinal() % 97 + more,
            10 + number,
            number if day.day % 2 else None,
            Decimal("1.234567891") if day.day % 3 else None,
            Decimal(f"0.{day.toordinal()}"),
            creative=("January" if day.month == 1 else "Always") if number else "Blue",
        )
        for day in some
        for number in range(2)
    ]


def fill(raw: Connection) -> None:
    """Deliver all of it, of three clients; the fourth has delivered nothing yet."""
    for client_id in ("acme", "quiet", "gone", "late"):
        add_client(raw, client_id, cpm=Decimal("12.3457"))
    fades = [Row(day, 70, creative="Fades") for day in (date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 7))]
    deliver(raw, "vibe", "acme", "v-acme", as_of=at(ACME[-1]), days=ACME, rows=rows_of(ACME))
    deliver(raw, "surfside", "acme", "s-acme", as_of=at(ACME[-1]), days=ACME, rows=[*rows_of(ACME), *fades])
    deliver(raw, "vibe", "quiet", "v-quiet", as_of=at(QUIET[-1]), days=QUIET, rows=rows_of(QUIET))
    deliver(raw, "facebook", "gone", "f-gone", as_of=at(GONE[-1]), days=GONE, rows=rows_of(GONE))


def everything(raw: Connection) -> Marts:
    """The marts, and what they rest on."""
    rests_on = "int_source_days__published"
    return tables(raw) | {rests_on: tables(raw, "intermediate")[rests_on]}


def ask(raw: Connection, query: str) -> list[tuple[Any, ...]]:
    with raw.cursor() as cursor:
        cursor.execute(query)
        found = cursor.fetchall()
    raw.commit()
    return found
