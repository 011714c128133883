"""The media plan: the same numbers for the same day whatever the window, and the oddities of real files."""

from datetime import date, timedelta

import pytest

from sandbox.plan import SOURCES, MediaPlan

LAST_DAY = date(2025, 6, 27)


def test_same_seed_gives_the_same_plan_and_another_seed_another(plan: MediaPlan) -> None:
    client = plan.clients[0].client_id
    again = MediaPlan.generate(seed=7, clients=3, days=33, last_day=LAST_DAY)
    other = MediaPlan.generate(seed=8, clients=3, days=33, last_day=LAST_DAY)
    assert again == plan
    assert again.rows(client, "vibe", LAST_DAY) == plan.rows(client, "vibe", LAST_DAY)
    assert other.rows(client, "vibe", LAST_DAY) != plan.rows(client, "vibe", LAST_DAY)


def test_a_window_moved_by_a_day_keeps_the_common_days_and_their_rates(plan: MediaPlan) -> None:
    moved = MediaPlan.generate(seed=7, clients=2, days=33, last_day=LAST_DAY + timedelta(days=1))
    common = set(plan.days()) & set(moved.days())
    assert len(common) == 32
    for client in moved.clients:
        before = plan.client(client.client_id)
        for day in common:
            assert client.cpm_on(day) == before.cpm_on(day)
            for source in SOURCES:
                assert moved.rows(client.client_id, source, day) == plan.rows(client.client_id, source, day)


def test_the_plan_has_two_currencies_and_a_rate_for_every_day_that_changes_in_mid_month(plan: MediaPlan) -> None:
    assert [client.currency for client in plan.clients] == ["USD", "USD", "EUR"]
    for client in plan.clients:
        assert client.rates[0].effective_date <= plan.first_day
        assert all(client.cpm_on(day) > 0 for day in plan.days())
        changes = [rate for rate in client.rates if plan.first_day < rate.effective_date <= plan.last_day]
        assert changes
        assert all(10 < rate.effective_date.day < 20 for rate in changes)
        assert client.cpm_on(changes[0].effective_date) != client.cpm_on(changes[0].effective_date - timedelta(days=1))


def test_no_rate_before_the_first_one_is_an_error(plan: MediaPlan) -> None:
    client = plan.clients[0]
    with pytest.raises(LookupError, match="no CPM"):
        client.cpm_on(client.rates[0].effective_date - timedelta(days=1))


def test_a_day_is_unknown_then_provisional_then_final(plan: MediaPlan) -> None:
    day, client = plan.first_day, plan.clients[0].client_id

    def seen(after: int) -> list[object]:
        return list(plan.delivered(client, "surfside", day, day + timedelta(days=after)))

    assert seen(0) == []
    assert seen(1) != seen(2)
    assert seen(2) == seen(30)


def test_restating_makes_rows_appear_and_vanish(plan: MediaPlan) -> None:
    rows = [row for client in plan.clients for day in plan.days() for row in plan.rows(client.client_id, "vibe", day)]
    assert any(row.provisional is None for row in rows)
    assert any(row.final is None for row in rows)


def test_the_odd_but_true_occurs(plan: MediaPlan) -> None:
    rows = [
        row for client in plan.clients for day in plan.days() for row in plan.rows(client.client_id, "surfside", day)
    ]
    finals = [row.final for row in rows if row.final]
    assert any(found.conversions and not found.impressions for found in finals)
    assert any(found.clicks and found.clicks > found.impressions for found in finals)
    assert any(found.impressions and not found.reported_spend for found in finals)
    assert any(found.conversion_revenue and found.conversion_revenue % 1 for found in finals)
    assert any("\t" in row.placement for row in rows)


def test_vibe_has_no_clicks_and_the_last_client_no_facebook_purchases(plan: MediaPlan) -> None:
    vibe = [row.final for day in plan.days() for row in plan.rows(plan.clients[0].client_id, "vibe", day) if row.final]
    assert {found.clicks for found in vibe} == {None}
    facebook = [row.final for row in plan.rows(plan.clients[2].client_id, "facebook", LAST_DAY) if row.final]
    assert {found.conversions for found in facebook} == {None}
    assert {found.conversion_revenue for found in facebook} == {None}


def test_every_source_has_as_many_paths_as_an_account_has_ads(plan: MediaPlan) -> None:
    for client in plan.clients:
        for source in SOURCES:
            rows = plan.rows(client.client_id, source, date(2025, 6, 10))
            paths = {(row.campaign, row.strategy, row.placement, row.creative, row.split) for row in rows}
            assert len(paths) == len(rows)
            assert 25 <= len({path[:4] for path in paths}) <= 60  # both Unicode forms of a name count here


def test_a_plan_can_have_more_clients_than_names() -> None:
    plan = MediaPlan.generate(clients=8, days=1, last_day=LAST_DAY)
    assert len({client.client_id for client in plan.clients}) == 8
    assert len({client.api_key for client in plan.clients}) == 8
