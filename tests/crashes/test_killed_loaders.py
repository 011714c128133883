"""SIGKILL of a loader at any moment, then a plain rerun: no row torn, doubled or lost, and the newest delivery wins."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.crashes import state
from tests.crashes.outside import Api, Bucket, Delivery, Outside, Uploads
from tests.crashes.state import Ask
from tests.crashes.victims import Victim, in_a_process, seconds_of
from tests.sizes import cases, report

AGAIN = 0.4  # how often the rerun is killed as well

pytestmark = pytest.mark.torture

KILLS = cases(5, 200)
PLACES = 3 if KILLS > 10 else 2  # so many moments of a load the kills have to hit


def test_a_surfside_load_that_is_killed_and_run_again_leaves_each_row_once(bucket: Bucket, ask: Ask) -> None:
    kill_and_rerun(bucket, ask)


@pytest.mark.heavy
def test_a_vibe_load_that_is_killed_and_run_again_leaves_each_row_once_for_one_report(api: Api, ask: Ask) -> None:
    kill_and_rerun(api, ask, also=lambda: no_report_was_asked_for_in_vain(api, ask))


@pytest.mark.heavy
def test_an_upload_whose_load_is_killed_and_run_again_is_there_once_and_settled(uploads: Uploads, ask: Ask) -> None:
    kill_and_rerun(uploads, ask, also=lambda: every_upload_is_settled(uploads, ask))


def kill_and_rerun(outside: Outside, ask: Ask, also: Callable[[], Any] = lambda: None) -> None:
    """Kill loads, look at what is there after each plain rerun, and tell where they died."""
    for number in (0, 1):  # the first makes the tables
        delivery = outside.deliver(number)
        whole = seconds_of(delivery.work, *delivery.arguments)
        state.check(outside, delivery, ask)
    kills, random = list(range(KILLS)), Random(outside.source)
    random.shuffle(kills)
    died: Counter[str] = Counter()
    while kills:
        number += 1
        delivery = outside.deliver(number)
        while kills:
            kill = kills.pop()
            folders = state.package_folders(outside)
            victim = Victim.start(delivery.work, *delivery.arguments)
            if kill % 4:
                victim.kill_after((kill + random.random()) / KILLS * whole)
            else:
                victim.wait_until(landmark(kill // 4, outside, delivery, ask))
                victim.kill()
            died[state.where_it_died(outside, delivery, folders, ask)] += 1
            if random.random() >= AGAIN:
                break
        assert in_a_process(delivery.work, *delivery.arguments)
        state.check(outside, delivery, ask)
        also()
    torn = state.torn_rows(outside, ask)
    report(f"kills of a {outside.source} load", died.total(), wrong_states=0, torn_rows_unseen=torn, **died)
    assert len(died) >= PLACES, f"the kills were not spread: {died}"


def landmark(number: int, outside: Outside, delivery: Delivery, ask: Ask) -> Callable[[], object]:
    """What the killer waits for: moments too short for chance to find them often."""
    if number % 2:
        return lambda: state.has_begun_to_write(outside, ask)
    return lambda: state.whole_deliveries(outside, delivery, ask)


def no_report_was_asked_for_in_vain(api: Api, ask: Ask) -> None:
    """Every create but the last either was loaded before the next, or its answer had never been kept."""
    requests = ask(
        "select report_id, status, finished_at <= lead(requested_at) over (order by requested_at)"
        " from control.vibe_report_requests where client_id = :client order by requested_at",
        client=api.client_id,
    )
    assert len(api.server.creates) <= len(requests)
    for report_id, status, was_settled in requests[:-1]:
        assert report_id is None or (status == "consumed" and was_settled)


def every_upload_is_settled(uploads: Uploads, ask: Ask) -> None:
    """As loaded, with the delivery that brought it."""
    query = """
        select distinct uploads.status, deliveries.delivery_id is not null
        from control.uploaded_files as uploads
        left join raw_facebook.deliveries on uploads.delivery_id = deliveries.delivery_id
        where uploads.client_id = :client
    """
    assert ask(query, client=uploads.client_id) == [("loaded", True)]
