"""A build is asked for by a row that is written with the change, and is there if and only if the change is."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse import builds
from warehouse.billing import adjustments
from warehouse.clients import clients
from warehouse.control import lookup
from warehouse.deliveries import verdicts
from warehouse.postgres import database
from warehouse.settings import Settings

HELD = verdicts.Judgement("bad", "acme", [{"expectation": "x"}])


@pytest.fixture(autouse=True)
def acme(settings: Settings) -> None:
    """A client, and no request."""
    with database.session(settings) as current:
        if current.get(clients.Client, "acme") is None:
            clients.add_client(
                current, "acme", name="Acme", currency="USD", cpm=Decimal(5), effective_date=date(2026, 1, 1)
            )
        current.flush()
        builds.settle(current, builds.pending(current))


def asked() -> list[str]:
    with database.session() as current:
        return list(current.scalars(text("select what || ' ' || why from control.build_requests order by request_id")))


def test_a_rate_asks_for_a_build(settings: Settings) -> None:
    with database.session(settings) as current:
        clients.set_cpm(current, "acme", cpm=Decimal(7), effective_date=date(2026, 2, 1))
    assert asked() == ["rate acme@2026-02-01 entered"]


def test_a_new_name_asks_for_a_build_and_so_does_a_client_that_comes_or_goes(settings: Settings) -> None:
    with database.session(settings) as current:
        clients.rename_client(current, "acme", "Acme Inc")
        clients.disable_client(current, "acme")
        clients.enable_client(current, "acme")
        clients.rename_client(current, "acme", "Acme")
    assert asked() == ["client acme renamed", "client acme disabled", "client acme enabled", "client acme renamed"]


def test_a_verdict_that_lets_through_asks_for_a_build_and_one_that_holds_does_not(settings: Settings) -> None:
    with database.session(settings) as current:
        verdicts.record(current, "vibe", [verdicts.Judgement("good", "acme"), HELD])
    assert asked() == ["delivery good passed"]
    with database.session(settings) as current:
        verdicts.release(current, "bad", why="it is right")
    assert asked() == ["delivery good passed", "delivery bad released"]


def test_a_booking_asks_for_a_build(settings: Settings) -> None:
    with database.session(settings) as current:
        client = lookup.get_client(current, "acme")
        adjustments.book(current, client, {date(2026, 1, 1): Decimal(3)}, day=date(2026, 3, 1), why="agreed late")
    assert asked() == ["adjustment acme@2026-01 booked"]


def test_what_is_rolled_back_has_asked_for_nothing(settings: Settings) -> None:
    with Session(database.engine(settings)) as current:
        clients.set_cpm(current, "acme", cpm=Decimal(8), effective_date=date(2026, 3, 1))
        current.flush()
        assert builds.pending(current)
    assert asked() == []


def test_a_build_settles_what_it_found_and_leaves_what_came_since(settings: Settings) -> None:
    with database.session(settings) as current:
        builds.request(current, "client acme", "renamed")
    with database.session(settings) as current:
        found = builds.pending(current)
    with database.session(settings) as current:
        builds.request(current, "client acme", "disabled")
    with database.session(settings) as current:
        builds.settle(current, found)
    assert asked() == ["client acme disabled"]
