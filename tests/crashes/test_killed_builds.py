"""SIGKILL in the middle of a build: all marts are as they were or as they will be, and the next build goes through."""

import time
from collections import Counter
from datetime import date
from decimal import Decimal
from random import Random

import psutil
import pytest

from tests.crashes import work
from tests.crashes.outside import Uploads
from tests.crashes.state import Ask, marts
from tests.crashes.victims import Victim, in_a_process
from tests.sizes import cases, is_long, report
from warehouse.clients import clients
from warehouse.postgres import database
from warehouse.settings import Settings

pytestmark = [pytest.mark.heavy, pytest.mark.torture]


def test_a_build_that_is_killed_leaves_old_or_new_marts_and_the_next_one_goes_through(
    settings: Settings, uploads: Uploads, ask: Ask, dbt: str
) -> None:
    delivery = uploads.deliver(0)
    assert in_a_process(delivery.work, *delivery.arguments)
    assert in_a_process(work.build, dbt) == ""
    kills, random = list(range(cases(2, 20))), Random("builds")
    random.shuffle(kills)
    died: Counter[str] = Counter()
    cpm = Decimal(10)
    while kills:
        cpm += 1
        with database.session(settings) as current:
            clients.set_cpm(current, uploads.client_id, cpm=cpm, effective_date=date(2025, 1, 1))
        old, seen = marts(ask), []
        while kills:
            seen.append(kill_a_build(kills.pop(), random, ask))
            if is_long() and random.random() < 0.5:
                break
        assert in_a_process(work.build, dbt) == ""
        new = marts(ask)
        priced = ask("select sum(spend), sum(impressions) from marts.daily_metrics")
        assert priced == [(delivery.sums[0] * cpm / 1000, delivery.sums[0])]
        for marts_then in seen:
            assert marts_then in (old, new)
            died["before publishing" if marts_then == old else "after publishing"] += 1
        assert relations_left_over(ask) == []
        assert dbt_processes(settings) == []
    report("kills of a build", died.total(), wrong_states=0, **died)


def kill_a_build(kill: int, random: Random, ask: Ask) -> dict[str, str]:
    """Kill a build once it has made some of the tables that wait to be published, and return what the marts hold.

    Every other time it is the worker alone: its dbt outlives it, and the next build has to end it.
    """
    before = set(waiting_tables(ask))
    wanted = round((kill + random.random()) / cases(2, 20) * len(before))
    victim = Victim.start(work.build)
    victim.wait_until(lambda: len(set(waiting_tables(ask)) - before) >= wanted, every=0.02)
    time.sleep(random.uniform(0, 0.5))
    victim.kill(whole_group=kill % 2 == 0)
    return marts(ask)


def waiting_tables(ask: Ask) -> list[int]:
    """The tables that wait to be published, by number: one that is made anew has another. No partitions."""
    query = """
        select oid from pg_class
        where relnamespace = 'publishing'::regnamespace and relkind = 'r' and not relispartition
    """
    return [number for (number,) in ask(query)]


def relations_left_over(ask: Ask) -> list[str]:
    """What dbt sets aside while it replaces a table, and takes away again."""
    query = r"select relname from pg_class where relname like '%\_\_dbt\_%' order by 1"
    return [name for (name,) in ask(query)]


def dbt_processes(settings: Settings) -> list[int]:
    """Every dbt that builds for this home."""
    target = str(settings.paidmedia_home / "dbt" / "target")
    found = psutil.process_iter(["pid", "environ"])
    return [each.pid for each in found if (each.info["environ"] or {}).get("DBT_TARGET_PATH") == target]
