"""A writer that commits without end, and the truth about what was committed when, by the server's own clock.

A restore takes the server back, not the clock: what was true at a moment stays the truth about that moment.
"""

import threading
import time
from datetime import datetime
from random import Random
from types import TracebackType

import psycopg2

from warehouse.backup import servers
from warehouse.postgres import embedded
from warehouse.postgres.database import database_url
from warehouse.settings import Settings

State = tuple[int, int]  # deliveries, impressions


def prepare(settings: Settings) -> None:
    """The table that is written to, and a server that remembers when it committed what."""
    with servers.find(settings).connected() as cursor:
        cursor.execute("alter system set track_commit_timestamp = on")
        cursor.execute("alter system set fsync = off")  # what is killed here are processes, not the machine
    embedded.stop(settings.paidmedia_home)
    with psycopg2.connect(database_url(settings)) as connection, connection.cursor() as cursor:
        cursor.execute("create schema raw_test")
        cursor.execute("create table raw_test.deliveries (delivery bigint, impressions bigint)")


def state(settings: Settings) -> State:
    """What is in the table now."""
    with psycopg2.connect(database_url(settings)) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*), coalesce(sum(impressions), 0)::bigint from raw_test.deliveries")
        ((deliveries, impressions),) = cursor.fetchall()
        return deliveries, impressions


class Writer:
    """Writes between `begin` and `end`; `truth` tells what the table held at any moment of those spans."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.random = Random("writer")
        self.moments: list[tuple[datetime, State]] = []
        self.spans: list[tuple[datetime, datetime]] = []
        self._enough = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._enough.set()
            self._thread.join()

    def write(self, seconds: float) -> None:
        """Write for so long, then remember what was committed when."""
        self.begin()
        time.sleep(seconds)
        self.end()

    def begin(self) -> None:
        """Write from now on."""
        self._enough.clear()
        self._before = state(self.settings)
        self._began = servers.find(self.settings).now()
        self.moments.append((self._began, self._before))
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def end(self) -> None:
        """Stop, and ask the server when it committed each delivery."""
        assert self._thread is not None
        self._enough.set()
        self._thread.join()
        self._thread = None
        deliveries, impressions = self._before
        with psycopg2.connect(database_url(self.settings)) as connection, connection.cursor() as cursor:
            cursor.execute("select pg_xact_commit_timestamp(xmin), impressions from raw_test.deliveries "
                           "order by 1 offset %s", (deliveries,))  # fmt: skip
            for moment, added in cursor.fetchall():
                deliveries, impressions = deliveries + 1, impressions + added
                self.moments.append((moment, (deliveries, impressions)))
        assert len(self.moments) > 5
        assert (deliveries, impressions) == state(self.settings)
        self.spans.append((self._began, self.moments[-1][0]))

    def any_moment(self, first: int = 0) -> datetime:
        """A random one of a random span, from the span of that number on."""
        began, ended = self.random.choice(self.spans[first:])
        return began + (ended - began) * self.random.random()

    def truth(self, moment: datetime) -> State:
        """What the table held then."""
        return [held for since, held in self.moments if since <= moment][-1]

    def _work(self) -> None:
        with psycopg2.connect(database_url(self.settings)) as connection, connection.cursor() as cursor:
            while not self._enough.is_set():
                cursor.execute("insert into raw_test.deliveries values (1, %s)", (self.random.randrange(1_000_000),))
                connection.commit()
                time.sleep(self.random.random() / 50)
