"""Send attempts as a reader and look at everything that comes back: rows, notices, errors, plans, copies."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests.isolation.marks import betrays
from tests.isolation.queries import FOLLOW_UP, Attempt

MILLISECONDS = 20_000


@dataclass
class Outcome:
    """What came of attempts: leaks as (statements, what gave it away), answers and refusals counted."""

    leaks: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    answered: int = 0
    rows: int = 0
    refused: int = 0

    def add(self, other: "Outcome") -> None:
        """Take another one's counts over."""
        self.leaks += other.leaks
        self.answered, self.rows, self.refused = (
            self.answered + other.answered, self.rows + other.rows, self.refused + other.refused,
        )  # fmt: skip


def probe(url: str, attempts: Iterable[Attempt], *, viewer: int | None = None) -> Outcome:
    """Send the attempts, each in a session of a clean state; as the app's role in the name of `viewer`."""
    outcome = Outcome()
    connection = psycopg2.connect(url, connect_timeout=10)
    try:
        for attempt in attempts:
            _try(connection, attempt, viewer, outcome)
    finally:
        connection.close()
    return outcome


def _try(connection: Connection, attempt: Attempt, viewer: int | None, outcome: Outcome) -> None:
    connection.notices.clear()
    with connection.cursor() as cursor:
        cursor.execute(f"set statement_timeout = {MILLISECONDS}")
        if viewer is not None:
            cursor.execute("select set_config('paidmedia.viewer', %s, true)", (str(viewer),))
        for statement in attempt.statements:
            try:
                cursor.execute("savepoint here")
                said, rows = _sent(cursor, statement)
                cursor.execute("release savepoint here")
                outcome.answered, outcome.rows = outcome.answered + 1, outcome.rows + rows
            except psycopg2.Error as error:
                outcome.refused += 1
                # `Division by zero` in a row that is not the reader's tells of it as well.
                said = [str(error), *(["Nightjar"] if error.pgcode == "22012" else [])]
                if connection.closed:
                    raise
                try:
                    cursor.execute("rollback to savepoint here")
                except psycopg2.Error:
                    connection.rollback()
                    if viewer is not None:
                        cursor.execute("select set_config('paidmedia.viewer', %s, true)", (str(viewer),))
            found = betrays([*said, *connection.notices])
            if found is not None:
                outcome.leaks.append((attempt.statements, found))
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("reset session authorization")
        cursor.execute("reset all")
        cursor.execute("deallocate all")
        cursor.execute("close all")
    connection.rollback()


def _sent(cursor: "psycopg2.extensions.cursor", statement: str) -> tuple[list[object], int]:
    """Every cell that a statement brings, and the number of rows."""
    if statement.startswith("copy "):
        out = io.StringIO()
        cursor.copy_expert(statement, out)
        return [out.getvalue()], out.getvalue().count("\n")
    cursor.execute(statement)
    for beginning, then in FOLLOW_UP.items():
        if statement.startswith(beginning):
            cursor.execute(then)
    rows: Sequence[tuple[object, ...]] = cursor.fetchall() if cursor.description else []
    return [cell for row in rows for cell in row], len(rows)
