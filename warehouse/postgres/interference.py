"""Whether a client's plan tells if a value exists among other clients' rows: asked of the database itself, in short.

a BI login of a client → each view in `bi` → the plan for a value that another client has, and for one that nobody has

The long form compares two databases, statement by statement (tests/isolation/test_non_interference.py).
"""

from itertools import product
from secrets import token_hex

from psycopg2 import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.postgres import roles

COLUMNS_OF_A_VIEW = 3
PLANS = ("explain", "explain (analyze, timing off, summary off, buffers off)")
COSTS = ("0.0025", "7e307")  # at the second, every condition costs more than any number


def differences(current: Session) -> list[str]:
    """One line for each column by which a client's login can tell whether another client has a value; changes nothing.

    Empty without a login of a client, and where no other client has rows.
    """
    login = current.execute(text(_LOGIN)).one_or_none()
    if login is None:
        return []
    columns = current.execute(text(_COLUMNS), {"limit": COLUMNS_OF_A_VIEW}).all()
    return [
        f"plans of bi.{row.relname} tell which values of {row.attname} others have"
        for row in columns
        if _tells(current, login.login, login.client_id, row.relname, row.attname)
    ]


def _tells(current: Session, login: str, client_id: str, view: str, column: str) -> bool:
    """Whether the plan for a value that only others have differs from that for one that nobody has."""
    of_others = f"""
        select {column}::text, {_date(current, view)} from marts.{view} as theirs
        where client_id <> :own and {column} <> '' and not exists (
            select from marts.{view} as mine where mine.client_id = :own and mine.{column} = theirs.{column}
        )
        limit 1
    """  # noqa: S608
    foreign = current.execute(text(of_others), {"own": client_id}).one_or_none()
    if foreign is None:
        return False
    theirs = _plans(current, login, view, column, str(foreign[0]), foreign[1])
    return theirs != _plans(current, login, view, column, token_hex(8), foreign[1])


def _date(current: Session, view: str) -> str:
    """The date of a row, by which the plans are kept to one day; null where the view has none."""
    return "date" if current.scalar(text(_HAS_DATE), {"view": view}) else "null"


def _plans(current: Session, login: str, view: str, column: str, value: str, day: object) -> list[str]:
    """What the login is told of a question for a value, with the value taken out."""
    of_day = "" if day is None else " and date = :day"
    lines: list[str] = []
    with current.begin_nested() as point:
        roles.execute(current.connection(), "set local role {}", sql.Identifier(login))
        for cost, plan in product(COSTS, PLANS):
            current.execute(text(f"set local cpu_operator_cost = {cost}"))
            question = text(f"{plan} select * from bi.{view} where {column} = :value{of_day}")  # noqa: S608
            lines += current.scalars(question, {"value": value, "day": day} if of_day else {"value": value})
        point.rollback()
    quoted = value.replace("'", "''")
    return [line.replace(f"'{quoted}'", "'…'") for line in lines]


_LOGIN = """
    select logins.login, logins.client_id
    from access.bi_logins as logins
    inner join pg_roles on pg_roles.rolname = logins.login
    where logins.client_id is not null and pg_has_role(current_user, pg_roles.oid, 'member')
    order by logins.created_at
    limit 1
"""

_COLUMNS = """
    select relname, attname
    from (
        select
            pg_class.relname, pg_attribute.attname,
            row_number() over (partition by pg_class.oid order by pg_attribute.attnum) as number
        from pg_class
        inner join pg_attribute on pg_attribute.attrelid = pg_class.oid
        where
            pg_class.relnamespace = to_regnamespace('bi') and pg_class.relkind = 'v'
            and pg_attribute.atttypid = 'text'::regtype and pg_attribute.attname in (
                'client_id', 'client_name', 'campaign_id', 'campaign_name', 'entity_name'
            )
    ) as columns
    where number <= :limit
    order by relname, number
"""

_HAS_DATE = """
    select exists (
        select from pg_attribute where attrelid = to_regclass('bi.' || :view) and attname = 'date' and attnum > 0
    )
"""
