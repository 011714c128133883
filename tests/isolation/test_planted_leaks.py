"""Every kind of leak that was thought of, planted one at a time: the suite finds each, and is quiet once it is gone.

planted by SQL or in the app's code → the checks of the catalog, the generated queries, the app's own questions
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import streamlit as st
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import make_url, text

from serving import ledger, queries
from serving.periods import Period
from serving.queries import asking
from serving.scope import Scope
from streamlit_app import cached
from tests.isolation.conftest import Readers
from tests.isolation.marks import DAYS, FOREIGN, OWN, betrays
from tests.isolation.probes import probe
from tests.isolation.queries import EVERY, Attempt
from warehouse.ledger import EVERYTHING, OF_VIEWER
from warehouse.postgres import database, isolation, roles
from warehouse.settings import get_settings

pytestmark = pytest.mark.heavy

SOURCES = ("facebook", "surfside", "vibe")


def found(readers: Readers) -> Iterator[str]:
    """What the checks find, one after the other: in the catalog, as the BI login, as the app's role, in the app."""
    with database.session() as current:
        lines = isolation.violations(current)
    yield from lines
    owner = make_url(database.database_url())
    names = (owner.username, roles.app_role(owner))
    looks = [f"select * from {schema}.{name}" for schema in ("bi", "marts") for name in (*EVERY, "planted")]
    looks += [f"select * from {relation}" for names in (EVERYTHING, OF_VIEWER) for relation in vars(names).values()]
    looks += ["select * from marts.peek()", "select * from access.viewer_clients()", "select * from access.bi_logins",
              "select * from publishing.daily_metrics_2026_03", "select * from control.clients"]  # fmt: skip
    tries = [
        Attempt((*before, look))
        for before in ((), ("set row_security = off",), *((f'set role "{name}"',) for name in names),
                       (f"select set_config('paidmedia.viewer', '{readers.analyst.user_id}', false)",))
        for look in looks
    ]  # fmt: skip
    yield from (f"as BI login: {leak}" for leak in probe(readers.bi_url, tries).leaks)
    app_url = roles.app_url(get_settings(), database.database_url())
    own = [Attempt((look,)) for look in looks]
    yield from (f"as app: {leak}" for leak in probe(app_url, own, viewer=readers.own.user_id).leaks)
    yield from in_the_app(readers)


def in_the_app(readers: Readers) -> list[str]:
    """What the app tells the own client that is not theirs, after an analyst has asked the same."""
    st.cache_data.clear()
    lines = []
    everyone = (OWN.client_id, *(client.client_id for client in FOREIGN))
    for viewer in (readers.analyst, readers.own, readers.foreign, readers.own):
        reading = queries.reading(viewer)
        assert reading is not None
        # A scope that names clients which are not theirs, as one that was tampered with would.
        scope = Scope(reading, everyone, "USD", Period(DAYS[0], DAYS[-1]), None, SOURCES)
        answers: dict[str, Any] = {
            "clients": cached.ask(queries.clients, reading),
            "freshness": cached.ask(queries.freshness, reading),
            "campaigns": cached.ask(queries.campaigns, reading, everyone, SOURCES),
            "totals": cached.ask(queries.totals, scope),
            "trend": cached.ask(queries.trend, scope),
            "by_source": cached.ask(queries.by_source, scope),
            "breakdown": cached.ask(queries.breakdown, scope, "creative", None, "spend", 100),
            "summaries": cached.ask(queries.summaries, scope, "week", 10),
            "names": [ledger.client_names(viewer)],
            "attempts": ledger.attempts(viewer, everyone, SOURCES, (), 100),
            "rejects": ledger.rejecting(viewer, everyone, SOURCES, 100),
        }
        if viewer is readers.own:
            lines += [f"in the app: {name}: {sign}" for name, answer in answers.items() if (sign := betrays([answer]))]
            lines += [f"in the app: {name}" for name in ("totals", "trend") if _is_more_than_own(answers[name])]
    with database.app_engine().connect() as connection:  # a connection of the pool, as somebody else's query left it
        if connection.execute(text("select count(*) from marts.daily_metrics")).scalar():
            lines.append("in the app: who asked before is still asking")
    st.cache_data.clear()
    return lines


def _is_more_than_own(answer: Any) -> bool:
    rows = answer if isinstance(answer, list) else [answer]
    return any(betrays(row.values()) for row in rows)


@dataclass(frozen=True)
class Leak:
    """One kind: the statements that plant it as the superuser, and those that take it away."""

    plant: tuple[str, ...]
    mend: tuple[str, ...]


LEAKS = {
    "row-level security off": Leak(
        ("alter table marts.daily_metrics disable row level security",),
        ("alter table marts.daily_metrics enable row level security",),
    ),
    "security that does not bind the owner": Leak(
        ("alter table marts.weekly_summaries no force row level security",),
        ("alter table marts.weekly_summaries force row level security",),
    ),
    "a further policy that lets everybody in": Leak(
        ("create policy everybody on marts.dim_campaigns for select using (true)",),
        ("drop policy everybody on marts.dim_campaigns",),
    ),
    "a policy that says true": Leak(
        ("alter policy viewer on marts.top_performers using (true)",),
        (
            "alter policy viewer on marts.top_performers using"
            " (client_id <> '' and client_id = any (array(select access.viewer_clients())))",
        ),
    ),
    "a view for clients whose conditions come after those of the reader": Leak(
        ("alter view bi.daily_metrics set (security_barrier = false)",),
        ("alter view bi.daily_metrics set (security_barrier = true)",),
    ),
    "statistics of what a client's view looks for": Leak(
        (
            "alter index marts.dim_campaigns_of_client alter column 1 set statistics 100",
            "analyze marts.dim_campaigns",
            "alter index marts.dim_campaigns_of_client alter column 1 set statistics 0",  # those that are there stay
        ),
        (
            "drop index marts.dim_campaigns_of_client",
            "select access.index_for_clients('marts.dim_campaigns')",
        ),
    ),
    "a partition whose statistics will be taken": Leak(
        ("alter index marts.daily_metrics_of_client alter column 1 set statistics 100",),
        ("select access.index_for_clients('marts.daily_metrics')",),
    ),
    "an index that a question for a date alone is planned with": Leak(
        ("create index planted on marts.daily_metrics (client_id, date)",),
        ("drop index marts.planted",),
    ),
    "a view for clients of everybody's rows": Leak(
        (
            "create view bi.planted with (security_barrier) as select * from marts.dim_clients",
            "alter view bi.planted owner to {owner}",
            "grant select on bi.planted to {readers}",
        ),
        ("drop view bi.planted",),
    ),
    "a right to a table behind the views": Leak(
        ("grant usage on schema marts to {readers}", "grant select on marts.weekly_summaries to {readers}"),
        ("revoke all on marts.weekly_summaries from {readers}", "revoke all on schema marts from {readers}"),
    ),
    "a client's login that is also the agency's": Leak(
        ("grant {agency} to {login}",), ("revoke {agency} from {login}",)
    ),
    "a missing policy": Leak(
        ("drop policy viewer on marts.data_freshness", "create policy viewer2 on marts.data_freshness using (true)"),
        (
            "drop policy viewer2 on marts.data_freshness",
            "create policy viewer on marts.data_freshness for select to {app}"
            " using (client_id <> '' and client_id = any (array(select access.viewer_clients())))",
        ),
    ),
    "a view of the ledger that shows everybody": Leak(
        ("create or replace view ledger.viewer_clients with (security_barrier) as select * from control.clients",),
        ("select ledger.show_viewer('viewer_clients', 'control.clients')",),
    ),
    "a view of the ledger whose condition comes after those of a reader": Leak(
        ("alter view ledger.viewer_delivery_days set (security_barrier = false)",),
        ("alter view ledger.viewer_delivery_days set (security_barrier = true)",),
    ),
    "a right to the ledger behind the views": Leak(
        ("grant select on ledger.delivery_days to {app}",),
        ("revoke select on ledger.delivery_days from {app}",),
    ),
    "a ledger that logins may read": Leak(
        ("grant usage on schema ledger to {readers}", "grant select on ledger.viewer_deliveries to {readers}"),
        ("revoke select on ledger.viewer_deliveries from {readers}", "revoke usage on schema ledger from {readers}"),
    ),
    "a view that reads as its owner": Leak(
        (
            "create view marts.planted as select * from marts.daily_campaign_metrics",
            "alter view marts.planted owner to {owner}",
            "grant select on marts.planted to {readers}",
        ),
        ("drop view marts.planted",),
    ),
    "a materialized view": Leak(
        (
            "create materialized view marts.planted as select * from marts.dim_clients",
            "grant select on marts.planted to {app}",
        ),
        ("drop materialized view marts.planted",),
    ),
    "a copy of a mart without policies": Leak(
        (
            "create table marts.planted as select * from marts.dim_creatives",
            "grant select on marts.planted to {readers}",
        ),
        ("drop table marts.planted",),
    ),
    "a function that runs as its owner": Leak(
        (
            "create function marts.peek() returns setof marts.dim_clients language sql security definer"
            " as 'select * from marts.dim_clients'",
        ),
        ("drop function marts.peek()",),
    ),
    "a partition that can be read by itself": Leak(
        (
            "grant usage on schema publishing to {readers}",
            "grant select on publishing.daily_metrics_2026_03 to {readers}",
        ),
        (
            "revoke all on publishing.daily_metrics_2026_03 from {readers}",
            "revoke all on schema publishing from {readers}",
        ),
    ),
    "a login that no policy binds": Leak(("alter role {login} bypassrls",), ("alter role {login} nobypassrls",)),
    "a login that may read every table": Leak(
        ("grant pg_read_all_data to {login}",), ("revoke pg_read_all_data from {login}",)
    ),
    "a list of logins that each can read whole": Leak(
        (
            "create policy everybody on access.bi_logins for select using (true)",
            "grant usage on schema access to {readers}",
            "grant select on access.bi_logins to {readers}",
        ),
        (
            "revoke all on access.bi_logins from {readers}",
            "revoke all on schema access from {readers}",
            "drop policy everybody on access.bi_logins",
        ),
    ),
    "asking in another's name": Leak(
        ("grant execute on function access.viewer_clients() to {readers}", "grant {app} to {login}"),
        ("revoke execute on function access.viewer_clients() from {readers}", "revoke {app} from {login}"),
    ),
    "a lock that everybody can take": Leak(
        ("grant execute on function pg_advisory_lock(bigint) to public",),
        ("revoke execute on function pg_advisory_lock(bigint) from public",),
    ),
    "a function that fills the disk": Leak(
        ("grant execute on function lo_from_bytea(oid, bytea) to {login}",),
        ("revoke execute on function lo_from_bytea(oid, bytea) from {login}",),
    ),
    "a table beside the marts": Leak(
        (
            "grant usage on schema control to {readers}",
            "grant select (client_id, name) on control.clients to {readers}",
        ),
        (
            "revoke select (client_id, name) on control.clients from {readers}",
            "revoke usage on schema control from {readers}",
        ),
    ),
}


def test_nothing_is_found_where_nothing_is_planted(readers: Readers) -> None:
    assert list(found(readers)) == []


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_of_the_database_is_found(kind: str, readers: Readers, superuser: Connection) -> None:
    owner = make_url(database.database_url())
    names = {
        "owner": f'"{owner.username}"',
        "app": f'"{roles.app_role(owner)}"',
        "readers": f'"{roles.readers_role(owner)}"',
        "agency": f'"{roles.agency_role(owner)}"',
        "login": f'"{make_url(readers.bi_url).username}"',
    }
    with superuser.cursor() as cursor, ExitStack() as mending:
        for statement in reversed(LEAKS[kind].mend):
            mending.callback(cursor.execute, statement.format(**names))
        for statement in LEAKS[kind].plant:
            cursor.execute(statement.format(**names))
        assert next(found(readers), None) is not None


def test_nothing_is_found_once_all_of_it_is_gone(readers: Readers) -> None:
    assert list(found(readers)) == []


@contextmanager
def cached_for_everybody(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cached answer whose key says what was asked, not who asked."""
    kept: dict[Any, Any] = {}
    honest: Callable[..., Any] = cached.ask

    def ask(query: Callable[..., Any], at: Any, *rest: Any) -> Any:
        if query is not queries.totals:
            return honest(query, at, *rest)
        key = (at.client_ids, at.period, rest)
        return kept.setdefault(key, kept.get(key) or query(at, *rest))

    patch.setattr(cached, "ask", ask)
    yield


@contextmanager
def named_for_longer_than_a_transaction(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """An identity that stays with the connection of the pool."""
    patch.setattr(asking, "AS_VIEWER", text("select set_config('paidmedia.viewer', :user_id, false)"))
    real = database.app_engine

    class Committing:
        """Commits what it was asked, as a careless helper would."""

        def connect(self) -> Any:
            return real().connect().execution_options(isolation_level="AUTOCOMMIT")

    patch.setattr(asking.database, "app_engine", Committing)
    yield


@contextmanager
def read_as_the_owner(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Marts that the app reads with the connection of its services."""
    patch.setattr(asking.database, "app_engine", database.engine)
    yield


@pytest.mark.parametrize("planted", [cached_for_everybody, named_for_longer_than_a_transaction, read_as_the_owner])
def test_a_leak_of_the_app_is_found(
    planted: Callable[..., Any], readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, planted(patch):
        assert in_the_app(readers) != []
    database.app_engine().dispose()
    assert in_the_app(readers) == []
