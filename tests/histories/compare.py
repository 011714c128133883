"""The marts of Postgres against the rows that the oracle expects: which client, mart, row and column differ.

Everything must be equal: every mart, every column, every row, to the last digit. A ratio has endlessly many digits:
those that the mart shows must be right, and it must show at least sixteen.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from psycopg2.extras import register_default_jsonb

from tests.histories.events import LEVELS
from tests.histories.rollups import MartRow, Marts, Path

KEYS = {
    "dim_clients": (),
    "dim_campaigns": ("campaign_id",),
    "dim_strategies": ("strategy_id",),
    "dim_placements": ("placement_id",),
    "dim_creatives": ("creative_id",),
    "daily_metrics": ("date", "source", *(f"{level}_name" for level in LEVELS)),
    "daily_campaign_metrics": ("date", "source", "campaign_name"),
    "weekly_summaries": ("week_start",),
    "monthly_summaries": ("month_start",),
    "source_breakdown": ("month_start", "source"),
    "spend_adjustments": ("adjustment_id",),
    "data_freshness": ("source",),
    "metric_restatements": ("source", "date", "step", "cause"),
    "top_performers": ("period", "level", "rank"),
    "underperformers": ("period", "level", "rank"),
}
SHOWN_DIGITS = 16


@dataclass(frozen=True)
class Difference:
    """One cell, or one row, that is not what it should be."""

    client_id: str
    mart: str
    key: tuple[object, ...]
    column: str
    expected: object
    found: object

    def __str__(self) -> str:
        row = " · ".join(str(part) for part in self.key)
        return f"{self.client_id} {self.mart}[{row}] {self.column}: expected {self.expected}, found {self.found}"


def read_marts(connection: Connection, only: str | None = None) -> dict[str, Marts]:
    """client_id → mart → rows, of whatever schema `marts` holds; `only` of one client. Digits in JSON are all kept."""
    register_default_jsonb(connection, loads=lambda text: json.loads(text, parse_float=Decimal))
    found: dict[str, Marts] = {}
    with connection.cursor() as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = 'marts'")
        for (mart,) in sorted(cursor.fetchall()):
            cursor.execute(f"select * from marts.{mart} where client_id = coalesce(%s, client_id)", (only,))
            headings = [column.name for column in cursor.description or ()]
            for values in cursor:
                row = dict(zip(headings, values, strict=True))
                found.setdefault(row["client_id"], {}).setdefault(mart, []).append(row)
    return found


def read_ids(marts: Marts) -> tuple[dict[Path, str], list[Difference]]:
    """Path → id as `daily_metrics` has them, and where one path has two ids or one id two paths."""
    ids: dict[Path, str] = {}
    paths: dict[str, Path] = {}
    unclear: list[Difference] = []
    for row in marts.get("daily_metrics", []):
        path: Path = (row["source"],)
        for level in LEVELS:
            path = (*path, row[f"{level}_name"])
            key, column = row[f"{level}_id"], f"{level}_id"
            if ids.setdefault(path, key) != key:
                unclear.append(Difference(row["client_id"], "daily_metrics", path, column, ids[path], key))
            if paths.setdefault(key, path) != path:
                unclear.append(Difference(row["client_id"], "daily_metrics", path, column, "an id of its own", key))
    return ids, unclear


def differences(client_id: str, expected: Marts, found: Marts) -> Iterator[Difference]:
    """Every cell and row of one client's marts that is not as expected; a mart or column that the oracle lacks too."""
    for mart in sorted(expected.keys() | found.keys()):
        if mart not in expected:
            yield Difference(client_id, mart, (), "mart", "unknown to the oracle", f"{len(found[mart])} rows")
            continue
        yield from _rows_differ(client_id, mart, expected[mart], found.get(mart, []))


def _rows_differ(client_id: str, mart: str, expected: list[MartRow], found: list[MartRow]) -> Iterator[Difference]:
    wanted, there = _by_key(mart, expected), _by_key(mart, found)
    if len(found) != len(there):
        yield Difference(client_id, mart, (), "rows", f"one per {', '.join(KEYS[mart])}", f"{len(found)} rows")
    for key in sorted(wanted.keys() | there.keys(), key=repr):
        if key not in there:
            yield Difference(client_id, mart, key, "row", _brief(wanted[key]), "none")
        elif key not in wanted:
            yield Difference(client_id, mart, key, "row", "none", _brief(there[key]))
        else:
            for column, one, other in _cells_differ(wanted[key], there[key]):
                yield Difference(client_id, mart, key, column, one, other)


def _cells_differ(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    for column in [*expected, *(column for column in found if column not in expected)]:
        if column not in expected or column not in found:
            yield column, expected.get(column, "no such column"), found.get(column, "no such column")
            continue
        one, other = expected[column], found[column]
        if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            for at, (item, its) in enumerate(zip(one, other, strict=True)):
                yield from ((f"{column}[{at}].{name}", left, right) for name, left, right in _cells_differ(item, its))
        elif not same(one, other):
            yield column, _readable(one), _readable(other)


def same(expected: object, found: object) -> bool:
    """Whether a mart's value is the expected one: equal, and of a ratio as many right digits as it shows."""
    if isinstance(expected, Fraction):
        return isinstance(found, int | Decimal) and _shows(expected, Decimal(found))
    return expected == found and isinstance(expected, bool) == isinstance(found, bool)


def _shows(exact: Fraction, found: Decimal) -> bool:
    if Fraction(found) == exact:
        return True
    _, digits, exponent = found.as_tuple()
    if not isinstance(exponent, int) or len(digits) < SHOWN_DIGITS:
        return False
    scaled = abs(exact) * Fraction(10) ** -exponent
    nearest = (2 * scaled + 1) // 2  # half away from zero
    return (nearest if exact >= 0 else -nearest) == Fraction(found) * Fraction(10) ** -exponent


def _by_key(mart: str, rows: Iterable[MartRow]) -> dict[tuple[object, ...], MartRow]:
    return {tuple(row.get(column) for column in KEYS[mart]): row for row in rows}


def _brief(row: MartRow) -> str:
    return ", ".join(f"{name}={_readable(value)}" for name, value in row.items() if value not in (None, []))


def _readable(value: object) -> object:
    """A ratio in digits; days and times as they are written."""
    if isinstance(value, Fraction):
        return f"{float(value):.16g} ({value})"
    return str(value) if isinstance(value, date | datetime) else value
