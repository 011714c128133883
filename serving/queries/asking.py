"""How a question is put to the marts: in the viewer's name, as a role that can only read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import psycopg2.errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from serving.scope import Reading, Row, Scope
from serving.timing import timed
from serving.viewer import Viewer
from warehouse.errors import PaidMediaError, ReaderError
from warehouse.postgres import database

P = ParamSpec("P")
T = TypeVar("T")
At = TypeVar("At", Reading, Scope)

# For one transaction: the policies of the marts let the app's role see what this person may see, and nothing without.
# The memory lets the creatives of a client and month be summed in it: sorting them on disk takes twice as long.
AS_VIEWER = text("select set_config('paidmedia.viewer', :user_id, true), set_config('work_mem', '128MB', true)")


class Ask(Protocol):
    """How somebody comes by an answer: from the marts, or from what they have kept of the same question."""

    def __call__(self, query: Callable[Concatenate[At, P], T], at: At, /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of a query."""
        ...


def ask(query: Callable[Concatenate[At, P], T], at: At, /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The answer of a query, from the marts. Raises what the query raises."""
    return query(at, *args, **kwargs)


def rows(viewer: Viewer, sql: str, **parameters: object) -> list[Row]:
    """Run one query in a transaction of its own, in the viewer's name, as the role that can only read the marts."""
    with timed(), as_viewer(viewer, "the marts are", fix="paidmedia build") as connection:
        return [dict(row) for row in connection.execute(text(sql), parameters).mappings()]


@contextmanager
def as_viewer(viewer: Viewer, what: str, *, fix: str) -> Iterator[Connection]:
    """A transaction of the role that can only read, in the viewer's name.

    Raises `ReaderError` where an answer takes longer than that role may ask, and `PaidMediaError` where `what` it asks
    for ("the marts are") is of another version, with the command that mends it.
    """
    try:
        with readable(), database.app_engine().connect() as connection:
            connection.execute(AS_VIEWER, {"user_id": str(viewer.user_id)})
            yield connection
    except OperationalError as error:
        if isinstance(error.orig, psycopg2.errors.QueryCanceled):
            too_much = "this is more than can be summed within a minute"
            raise ReaderError(too_much, fix="choose fewer days, one client or one campaign") from error
        raise
    except ProgrammingError as error:
        if isinstance(error.orig, psycopg2.errors.UndefinedTable | psycopg2.errors.UndefinedColumn):
            missing = str(error.orig).strip().splitlines()[0]
            raise PaidMediaError(f"{what} of another version", where=missing, fix=fix) from error
        raise


@contextmanager
def readable() -> Iterator[None]:
    """Say it in one line when the app's role may not come in: its password follows from SECRET_KEY."""
    try:
        with database.reachable():
            yield
    except PaidMediaError as error:
        if "authentication failed" in (error.where or ""):
            raise PaidMediaError(
                "the app's database role is refused",
                where=error.where,
                fix="paidmedia db migrate, with this SECRET_KEY",
            ) from error
        raise
