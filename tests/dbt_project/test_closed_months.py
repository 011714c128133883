"""Rates previewed, months closed, differences booked: what is promised before a build is what the build then says.

raw tables filled by SQL → dbt build → preview, close, enter → dbt build → the marts, to the last digit
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy.orm import Session

from tests.dbt_project.raw_tables import Row, deliver
from tests.dbt_project.test_history_of_deliveries import Build, Marts, tables, total
from tests.warm_dbt import MODELS_ONLY, WITHOUT_UNIT_TESTS
from warehouse.billing import periods, preview
from warehouse.control import lookup
from warehouse.clients import clients
from warehouse.postgres import database
from warehouse.control import SpendAdjustment
from warehouse.errors import PaidMediaError
from warehouse.months import days_of
from warehouse.billing.preview import Preview

pytestmark = pytest.mark.heavy

FIRST, LAST = date(2026, 1, 12), date(2026, 4, 20)
DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
JAN, FEB, MAR, APR, MAY, JUN = (date(2026, month, 1) for month in range(1, 7))
TODAY = date(2026, 6, 10)  # nothing is delivered for it
RANDOM = [f"random-{number}" for number in range(12)]
AGREED = Decimal(10)
ADJUSTED = ("acme", "twice", "back", "again")  # clients whose February and March are closed


def at(hour: int) -> datetime:
    return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=hour)


def add(client_id: str, *rates: tuple[date, Decimal]) -> None:
    """A client with its rates."""
    with database.session() as current:
        (first, cpm), *later = rates
        clients.add_client(
            current, client_id, name=client_id.title(), currency="USD", cpm=cpm, effective_date=first
        )
        for day, other in later:
            clients.set_cpm(current, client_id, cpm=other, effective_date=day)


def enter(client_id: str, cpm: Decimal, day: date, *, adjust: bool = False) -> list[SpendAdjustment]:
    with database.session() as current:
        entered = clients.set_cpm(current, client_id, cpm=cpm, effective_date=day, adjust=adjust, today=TODAY)
        current.expunge_all()
    return entered.adjustments


def close(client_id: str, month: date, today: date = TODAY) -> None:
    with database.session() as current:
        periods.close(current, client_id, month, today=today)


def previewed(client_id: str, cpm: Decimal, day: date) -> Preview:
    with Session(database.engine()) as current:
        return preview.preview(
            current, lookup.get_client(current, client_id), cpm=cpm, effective_date=day, today=TODAY
        )


def spend_of(marts: Marts, client_id: str, month: date) -> Decimal | None:
    """The spend of the month as the mart has it; raises unless it is there once."""
    [row] = [r for r in marts["monthly_summaries"] if (r["client_id"], r["month_start"]) == (client_id, month)]
    spend: Decimal | None = row["spend"]
    return spend


def month_impressions(marts: Marts, client_id: str, days: list[date]) -> Decimal:
    rows = [row for row in marts["daily_metrics"] if row["client_id"] == client_id and row["date"] in days]
    return total(rows, "impressions") or Decimal(0)


def deliver_all(raw: Connection, rng: random.Random) -> None:
    """Every client has a report of a third of the days for each of two sources; some days of it are empty."""
    for client_id in (*RANDOM, *ADJUSTED, "held", "pending", "stale", "unpriced", "empty"):
        for source in ("vibe", "surfside"):
            days = sorted(rng.sample(DAYS, 35)) if client_id != "empty" else [FEB]
            if client_id in ADJUSTED:
                days = sorted({*days, FEB, MAR, date(2026, 3, 31)})
            rows = [
                Row(day, rng.choice([0, 1, 7, 333, 1_234_567]), creative=f"Ad {number}")
                for day in days
                for number in range(rng.choice([0, 1, 2]) if client_id in RANDOM else 2)
            ]
            deliver(
                raw, source, client_id, f"{source}-{client_id}", as_of=at(0), days=days,
                rows=[] if client_id == "empty" else rows,
            )  # fmt: skip


def random_rate(rng: random.Random) -> Decimal:
    return Decimal(rng.randrange(1, 400_000)) / 10_000


@pytest.fixture(scope="module")
def story(raw: Connection, build: Build) -> dict[str, Any]:
    """Marts and previews as they were at each step; the tests below say what they must be."""
    rng, told = random.Random(16), dict[str, Any]()
    for client_id in RANDOM:
        later = [(rng.choice(DAYS), random_rate(rng)) for _ in range(rng.choice([0, 1, 2]))]
        add(client_id, (rng.choice([JAN, JAN, FEB]), random_rate(rng)), *later)
    for client_id in (*ADJUSTED, "held", "pending", "stale", "empty"):
        add(client_id, (JAN, AGREED))
    add("unpriced", (MAR, AGREED))
    deliver_all(raw, rng)
    built_or_informing(build, *MODELS_ONLY)
    told["first"] = tables(raw)

    for client_id in ADJUSTED:
        close(client_id, FEB)
        close(client_id, MAR)
    for client_id in RANDOM[6:]:  # these have news that no build has seen
        days = rng.sample(DAYS, 5)
        rows = [Row(day, rng.randrange(1, 9_999)) for day in days]
        deliver(raw, "vibe", client_id, f"news-{client_id}", as_of=at(1), days=days, rows=rows)
        enter(client_id, random_rate(rng), rng.choice(DAYS))
    told["refusals"] = dict(refusals(raw))
    told["previews"] = {}
    for client_id in RANDOM:
        entry = random_rate(rng), rng.choice([*DAYS, JAN, date(2025, 7, 1)])
        told["previews"][client_id] = previewed(client_id, *entry)
        told["previews"][client_id, "twice"] = previewed(client_id, *entry)
        enter(client_id, *entry)
    told["adjusted preview"] = previewed("acme", Decimal(14), date(2026, 2, 10))
    told["booked"] = {
        "acme": enter("acme", Decimal(14), date(2026, 2, 10), adjust=True),
        "twice": [
            *enter("twice", Decimal("13.1234"), date(2026, 2, 10), adjust=True),
            *enter("twice", Decimal(14), date(2026, 2, 10), adjust=True),
        ],
        "back": [
            *enter("back", Decimal(14), date(2026, 2, 10), adjust=True),
            *enter("back", AGREED, date(2026, 2, 10), adjust=True),
        ],
        "again": [
            *enter("again", Decimal(14), date(2026, 2, 10), adjust=True),
            *enter("again", Decimal(14), date(2026, 2, 10), adjust=True),
        ],
    }
    built_or_informing(build, *MODELS_ONLY)
    told["second"] = tables(raw)

    deliver(raw, "vibe", "again", "restated", as_of=at(2), days=[MAR], rows=[Row(MAR, 5_000_000)])
    with database.session() as current:
        periods.reopen(current, "twice", FEB, why="a new invoice", today=TODAY)
    built_or_informing(build, *MODELS_ONLY)
    told["booked after a restatement"] = enter("again", Decimal(14), date(2026, 2, 10), adjust=True)
    built_or_informing(build, *MODELS_ONLY)
    told["third"] = tables(raw)
    built_or_informing(build, "--full-refresh", *WITHOUT_UNIT_TESTS)
    told["from the start"] = tables(raw)
    return told


def built_or_informing(build: Build, *arguments: str) -> None:
    """Some clients have days without a rate, which a test would say; everything is published all the same."""
    done = build(*arguments)
    assert "Nothing is published" not in done.stdout, done.stdout[-2000:]


def refusals(raw: Connection) -> Iterator[tuple[str, str]]:
    """Why each of these closings is refused."""
    deliver(raw, "vibe", "held", "a-held-one", as_of=at(3), days=[FEB], rows=[Row(FEB, 9)], verdict="held")
    deliver(raw, "vibe", "pending", "unjudged", as_of=at(3), days=[FEB], rows=[Row(FEB, 9)], verdict=None)
    deliver(raw, "vibe", "stale", "newer", as_of=at(3), days=[MAR], rows=[Row(MAR, 9)])
    enter("stale", Decimal(11), date(2026, 4, 15))
    cases = {
        "not over": ("acme", JUN, TODAY),
        "over today": ("acme", APR, date(2026, 4, 30)),
        "closed": ("acme", MAR, TODAY),
        "held": ("held", FEB, TODAY),
        "pending": ("pending", FEB, TODAY),
        "a delivery": ("stale", MAR, TODAY),
        "a rate": ("stale", APR, TODAY),
        "nothing": ("acme", MAY, TODAY),
        "empty days": ("empty", FEB, TODAY),
        "unpriced": ("unpriced", FEB, TODAY),
    }
    for name, (client_id, month, today) in cases.items():
        with pytest.raises(PaidMediaError) as refused:
            close(client_id, month, today)
        yield name, str(refused.value)
    close("held", MAR)  # what is held is another month's
    close("stale", FEB)


def test_a_month_that_is_not_settled_is_not_closed_and_the_line_says_why(story: dict[str, Any]) -> None:
    said = story["refusals"]
    assert said["not over"] == "2026-06 of acme is not over yet: close it from 2026-07-01 (UTC) on"
    assert "2026-04 of acme is not over yet" in said["over today"]
    assert said["closed"] == "2026-03 of acme is closed already: paidmedia period list acme"
    assert "2026-02 of held has held deliveries: a-held-one: paidmedia release a-held-one --why TEXT" in said["held"]
    assert "has deliveries that nobody has judged: unjudged: paidmedia build" in said["pending"]
    assert said["a delivery"].startswith("2026-03 of stale has deliveries or rates that are not built: vibe 2026-03-01")
    assert said["a rate"].startswith("2026-04 of stale has deliveries or rates that are not built: ")
    assert said["nothing"].startswith("nothing is published for 2026-05 of acme")
    assert said["empty days"].startswith("nothing is published for 2026-02 of empty")
    assert said["unpriced"].startswith("2026-02 of unpriced has days without a rate: ")
    assert "paidmedia cpm set unpriced RATE --from 2026-02-" in said["unpriced"]


@pytest.mark.parametrize("client_id", RANDOM)
def test_a_preview_is_what_the_build_then_says_to_the_last_digit(story: dict[str, Any], client_id: str) -> None:
    seen: Preview = story["previews"][client_id]
    before, after = story["first"], story["second"]
    assert seen.months
    for month in seen.months:
        assert month.before == spend_of(before, client_id, month.month)
        assert month.after == spend_of(after, client_id, month.month)
    assert seen.months == story["previews"][client_id, "twice"].months  # looking changes nothing
    assert (seen.unbuilt > 0) is (client_id in RANDOM[6:])


@pytest.mark.parametrize("client_id", RANDOM[:6])
def test_a_preview_names_the_days_that_get_another_price_and_no_other_month_changes(
    story: dict[str, Any], client_id: str
) -> None:
    seen: Preview = story["previews"][client_id]
    prices = [
        {(row["date"], row["cpm"]) for row in marts["daily_metrics"] if row["client_id"] == client_id}
        for marts in (story["first"], story["second"])
    ]
    changed = {day for day, _ in prices[0] ^ prices[1]}
    assert {day for month in seen.months for day in month.days} == changed
    named = sum(month.impressions for month in seen.months)
    assert named == month_impressions(story["second"], client_id, sorted(changed))
    others = {row["month_start"] for row in story["first"]["monthly_summaries"] if row["client_id"] == client_id}
    for month in others - {each.month for each in seen.months}:
        assert spend_of(story["first"], client_id, month) == spend_of(story["second"], client_id, month)


def test_a_preview_of_closed_months_says_what_would_be_refused_or_booked(story: dict[str, Any]) -> None:
    seen: Preview = story["adjusted preview"]
    refusal = seen.plan.refusal()
    assert refusal is not None
    assert "the rate would change the spend of closed months of acme: 2026-02 by +" in str(refusal)
    february, march, april = seen.months
    assert [month.is_closed for month in seen.months] == [True, True, False]
    assert [month.difference for month in (february, march)] == [0, 0]
    assert {month.month: month.adjustment for month in (february, march)} == {
        row.for_month: row.amount for row in story["booked"]["acme"]
    }
    assert april.after == spend_of(story["second"], "acme", APR)


def test_closed_months_keep_their_price_and_the_difference_is_booked(story: dict[str, Any]) -> None:
    for month in (FEB, MAR):
        assert spend_of(story["second"], "acme", month) == spend_of(story["first"], "acme", month)
    impressions = {
        FEB: month_impressions(story["first"], "acme", days_of(FEB)[9:]),
        MAR: month_impressions(story["first"], "acme", days_of(MAR)),
    }
    rows = [row for row in story["second"]["spend_adjustments"] if row["client_id"] == "acme"]
    assert [(row["for_month"], row["amount"]) for row in sorted(rows, key=lambda row: row["for_month"])] == [
        (month, count * (14 - AGREED) / 1000) for month, count in impressions.items()
    ]
    assert {(row["date"], row["cpm"], row["effective_date"], row["client_name"]) for row in rows} == {
        (TODAY, Decimal(14), date(2026, 2, 10), "Acme")
    }
    april = [row for row in story["second"]["daily_metrics"] if row["client_id"] == "acme" and row["date"] >= APR]
    assert {row["cpm"] for row in april} == {Decimal(14)}


def test_bookings_in_steps_end_where_one_booking_ends(story: dict[str, Any]) -> None:
    def per_impression(client_id: str) -> dict[date, Decimal]:
        booked: dict[date, Decimal] = {}
        for row in story["booked"][client_id]:
            booked[row.for_month] = booked.get(row.for_month, Decimal(0)) + row.amount
        days = {FEB: days_of(FEB)[9:], MAR: days_of(MAR)}
        marts = story["first"]
        return {month: amount * 1000 / month_impressions(marts, client_id, days[month]) for month, amount in booked.items()}

    assert per_impression("acme") == per_impression("twice") == {FEB: 14 - AGREED, MAR: 14 - AGREED}
    assert per_impression("back") == {FEB: 0, MAR: 0}
    assert len(story["booked"]["twice"]) == len(story["booked"]["back"]) == 4
    assert len(story["booked"]["again"]) == 2  # the same entry again books nothing


def test_a_period_without_a_delivery_is_there_for_its_adjustment(story: dict[str, Any]) -> None:
    for mart, start, end in (
        ("monthly_summaries", "month_start", "month_end"),
        ("weekly_summaries", "week_start", "week_end"),
    ):
        [row] = [
            row
            for row in story["second"][mart]
            if row["client_id"] == "acme" and row[start] <= TODAY <= row[end]
        ]
        booked = sum(each.amount for each in story["booked"]["acme"])
        assert (row["spend"], row["spend_adjustments"], row["impressions"]) == (0, booked, 0)
        assert (row["clicks"], row["ctr"], row["is_complete"], row["top_campaigns"]) == (None, None, False, [])
    assert total(story["first"]["monthly_summaries"], "spend_adjustments") == 0


def test_a_restated_closed_month_has_its_new_impressions_at_its_old_price(story: dict[str, Any]) -> None:
    mine = [row for row in story["third"]["daily_metrics"] if (row["client_id"], row["date"]) == ("again", MAR)]
    assert {row["cpm"] for row in mine} == {AGREED}
    assert 5_000_000 in {row["impressions"] for row in mine}
    more = month_impressions(story["third"], "again", [MAR]) - month_impressions(story["second"], "again", [MAR])
    [row] = story["booked after a restatement"]
    assert (row.for_month, row.amount) == (MAR, more * (14 - AGREED) / 1000)


def test_an_opened_month_costs_what_is_agreed_and_gives_back_what_was_booked(story: dict[str, Any]) -> None:
    late = [r for r in story["third"]["daily_metrics"] if r["client_id"] == "twice" and date(2026, 2, 10) <= r["date"] < MAR]
    assert {row["cpm"] for row in late} == {Decimal(14)}
    booked = [r for r in story["third"]["spend_adjustments"] if (r["client_id"], r["for_month"]) == ("twice", FEB)]
    assert sum(row["amount"] for row in booked) == 0
    assert [row["cpm"] for row in booked].count(None) == 1
    billed = [
        (spend_of(story[step], "twice", FEB) or 0)
        + (total(story[step]["spend_adjustments"], "amount", client_id="twice", for_month=FEB) or 0)
        for step in ("second", "third")
    ]
    assert billed[0] == billed[1]


def test_a_full_refresh_says_the_same_of_closed_months(story: dict[str, Any]) -> None:
    assert story["from the start"] == story["third"]
