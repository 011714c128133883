"""Statements of a curious client, generated from a seed: over every view and column, with values of its own and not."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from psycopg2.extensions import adapt
from psycopg2.extras import Json

from tests.isolation.twins import DAYS, Columns, Twins

SCANS = (
    (), (), (), ("set enable_seqscan = off",), ("set enable_indexscan = off", "set enable_bitmapscan = off"),
    ("set enable_seqscan = off", "set enable_bitmapscan = off"), ("set enable_hashjoin = off",),
    ("set enable_nestloop = off", "set enable_hashjoin = off"), ("set plan_cache_mode = force_generic_plan",),
    ("set cpu_operator_cost = 7e307", "set enable_indexscan = off", "set enable_bitmapscan = off"),
    ("set cpu_operator_cost = 0",), ("set cpu_operator_cost = 4e307",), ("set cpu_tuple_cost = 1e308",),
    ("set enable_hashagg = off",), ("set enable_material = off",), ("set random_page_cost = 0.1",),
)  # fmt: skip
EXPLAINING = "explain (analyze, timing off, summary off, buffers off) "
WRAPPINGS: tuple[Callable[[str], tuple[str, ...]], ...] = (
    lambda query: (query,),
    lambda query: (query,),
    lambda query: (f"explain {query}",),
    lambda query: (f"explain (verbose, format json) {query}",),
    lambda query: (EXPLAINING + query,),
    lambda query: (EXPLAINING + query,),
    lambda query: (f"prepare mine as {query}", "explain execute mine", "execute mine"),
    lambda query: (f"declare mine cursor for {query}", "fetch 3 from mine", "move 2 in mine", "fetch all from mine"),
)


class Statements:
    """A stream of lists of statements, each for a session of its own; the same for the same seed."""

    def __init__(self, twins: Twins, schema: str, visible: Columns, seed: int) -> None:
        self._twins, self._schema, self._columns, self._random = twins, schema, visible, Random(seed)

    def next(self) -> tuple[str, ...]:
        """Settings, then a query, as it is, explained, prepared or behind a cursor."""
        return (*self._one(SCANS), *self._one(WRAPPINGS)(self._query()))

    def _one(self, some: Any) -> Any:
        return self._random.choice(some)

    def _mart(self) -> tuple[str, Mapping[str, str]]:
        name = self._one(sorted(self._columns))
        return f"{self._schema}.{name}", self._columns[name]

    def _query(self) -> str:
        return str(
            self._one((self._rows, self._rows, self._sums, self._groups, self._joined, self._cte, self._exists))()
        )

    def _rows(self) -> str:
        mart, columns = self._mart()
        order = f" order by {self._one(sorted(columns))}" if self._random.random() < 0.3 else ""
        limit = f" limit {self._random.randint(1, 9)}" if self._random.random() < 0.3 else ""
        return f"select * from {mart} where {self._conditions(columns)}{order}{limit}"

    def _sums(self) -> str:
        mart, columns = self._mart()
        column = self._one(sorted(columns))
        function = self._one(("count", "min", "max")) if columns[column] not in ("boolean", "jsonb") else "count"
        return f"select {function}({column}), count(*) from {mart} where {self._conditions(columns)}"

    def _groups(self) -> str:
        mart, columns = self._mart()
        column = self._one(sorted(columns))
        return f"select {column}, count(*) from {mart} where {self._conditions(columns)} group by 1 order by 1"

    def _joined(self) -> str:
        (left, columns), (right, others) = self._mart(), self._mart()
        shared = sorted(set(columns) & set(others) - {"top_campaigns", "top_creatives", "underperformers"})
        kind = self._one(("inner join", "left join", "full join"))
        return (
            f"select count(*) from {left} as a {kind} {right} as b using ({self._one(shared)})"
            f" where {self._conditions(columns, 'a.')}"
        )

    def _cte(self) -> str:
        mart, columns = self._mart()
        how = self._one(("", "materialized ", "not materialized "))
        return (
            f"with these as {how}(select * from {mart}) select * from these where {self._conditions(columns)} limit 7"
        )

    def _exists(self) -> str:
        (mart, columns), (inner, others) = self._mart(), self._mart()
        negation = self._one(("", "not "))
        return (
            f"select count(*) from {mart} where {negation}exists"
            f" (select from {inner} as b where {self._conditions(others, 'b.')}) and {self._conditions(columns)}"
        )

    def _conditions(self, columns: Mapping[str, str], prefix: str = "") -> str:
        some = [self._condition(columns, prefix) for _ in range(self._random.choice((1, 1, 1, 2, 3)))]
        return self._one((" and ", " and ", " or ")).join(some)

    def _condition(self, columns: Mapping[str, str], prefix: str) -> str:
        column = self._one(sorted(columns))
        kind, named = columns[column], prefix + column
        if self._random.random() < 0.1:
            return f"{named} is {self._one(('', 'not '))}null"
        if kind == "boolean":
            return self._one((named, f"not {named}", f"{named} is true", f"{named} = false"))
        if kind == "jsonb":
            return f"{named} @> {self._value(kind)}"
        if kind == "text":
            letters = self._text()[: self._random.randint(1, 3)].replace("%", "").replace("'", "")
            return self._one((
                f"{named} = {self._value(kind)}", f"{named} < {self._value(kind)}", f"{named} like '{letters}%'",
                f"{named} in ({self._value(kind)}, {self._value(kind)})", f"{named}::integer > 0",
                f"1 / (length({named}) - 10) > 2", f"{named} between 'b' and 'x'",
                f"lower({named}) >= {self._value(kind)}",
            ))  # fmt: skip
        operator = self._one(("=", "<", ">", "<=", "<>"))
        if kind in ("bigint", "numeric", "integer") and self._random.random() < 0.3:
            value = self._value(kind)
            beginning = str(value)[:2]
            return self._one((
                f"1 / ({named} - {value}) < 2", f"cast({named} as text) like '{beginning}%'", f"{named} % 7 = 3",
            ))  # fmt: skip
        return f"{named} {operator} {self._value(kind)}"

    def _text(self) -> str:
        return str(self._one(self._one((self._twins.own_values, self._twins.foreign_values))["text"]))

    def _value(self, kind: str) -> str:
        if kind == "date":
            return f"date '{self._one(DAYS)}'"
        value = self._one(self._one((self._twins.own_values, self._twins.foreign_values)).get(kind, (1,)))
        if kind == "jsonb":
            return str(adapt(Json(value)).getquoted().decode()) + "::jsonb"
        return str(adapt(value).getquoted().decode())
