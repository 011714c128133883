"""The truth against numbers worked out by hand, and against the files that the sandbox delivers."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from sandbox import facebook, s3, surfside
from sandbox.plan import SOURCES, Client, Measures, MediaPlan, Rate, Row, Source
from sandbox.truth import Totals, Truth, normal_name, round_half_up, rounded, totals
from sandbox.vibe_report import report_csv
from tests.sandbox.delivered import Line, Sums, facebook_lines, summed, surfside_lines, vibe_lines

FIRST, SECOND = date(2025, 6, 14), date(2025, 6, 15)


def _hand_made() -> MediaPlan:
    rates = (Rate(date(2025, 6, 1), Decimal("12.3450")), Rate(SECOND, Decimal("10.0000")))
    client = Client("acme", "Acme", "USD", rates, "acme", "Always On", "adv", "key", True, 1.0)
    other = Client(
        "autre", "Autre", "EUR", (Rate(FIRST, Decimal("1")),), "autre", "Toujours", "adv2", "key2", True, 1.0
    )

    def row(client_id: str, source: Source, day: date, impressions: int, clicks: int | None, conversions: int) -> Row:
        measures = Measures(impressions, clicks, conversions, Decimal("7.50") * conversions, Decimal("1.00"))
        return Row(client_id, source, day, "Always\tOn ", "S", "P", "C", "x", provisional=measures, final=measures)

    plan = MediaPlan(seed=0, clients=(client, other), first_day=FIRST, last_day=SECOND)
    plan._rows[("acme", "surfside", FIRST)] = (row("acme", "surfside", FIRST, 1001, 3, 2),)
    plan._rows[("acme", "surfside", SECOND)] = (row("acme", "surfside", SECOND, 500, 0, 0),)
    plan._rows[("acme", "vibe", FIRST)] = (row("acme", "vibe", FIRST, 100, None, 0),)
    plan._rows[("acme", "vibe", SECOND)] = ()
    plan._rows[("acme", "facebook", SECOND)] = ()
    plan._rows[("acme", "facebook", FIRST)] = ()
    for source in SOURCES:
        plan._rows[("autre", source, FIRST)] = (row("autre", source, FIRST, 10, 1, 1),)
        plan._rows[("autre", source, SECOND)] = ()
    return plan


def test_spend_is_priced_per_day_and_ratios_come_from_sums() -> None:
    found = Truth(_hand_made()).total("acme", "surfside")
    assert (found.impressions, found.clicks, found.conversions) == (1501, 3, 2)
    assert found.spend == Decimal("12.3573450") + Decimal("5")  # 1001 x 12.3450 / 1000, 500 x 10 / 1000
    assert found.conversion_revenue == Decimal("15.00")
    assert found.reported_spend == Decimal("2.00")
    assert found.shown() == {
        "impressions": 1501,
        "clicks": 3,
        "conversions": 2,
        "conversion_revenue": Decimal("15.00"),
        "spend": Decimal("17.36"),
        "ctr": Decimal("0.199867"),
        "cpc": Decimal("5.7858"),
        "cpa": Decimal("8.6787"),
        "roas": Decimal("86.4187"),
    }


def test_missing_clicks_stay_missing_alone_and_are_left_out_of_sums() -> None:
    truth = Truth(_hand_made())
    alone = truth.total("acme", "vibe")
    assert (alone.clicks, alone.ctr, alone.cpc) == (None, None, None)
    assert truth.total("acme").clicks == 3
    assert truth.total("acme").impressions == 1601


def test_a_zero_denominator_gives_none() -> None:
    found = Truth(_hand_made()).total("acme", "surfside", date_from=SECOND)
    assert (found.cpc, found.cpa, found.ctr, found.roas) == (None, None, Decimal(0), Decimal(0))


def test_dates_filter_with_both_ends_included() -> None:
    truth = Truth(_hand_made())
    assert truth.total("acme", "surfside", date_to=FIRST).impressions == 1001
    assert truth.total("acme", "surfside", date_from=FIRST, date_to=SECOND).impressions == 1501
    with pytest.raises(LookupError, match="no rows"):
        truth.total("acme", "facebook")


def test_different_currencies_are_never_added() -> None:
    truth = Truth(_hand_made())
    with pytest.raises(ValueError, match="EUR and USD"):
        truth.by("source")
    assert set(truth.by("client_id")) == {("acme",), ("autre",)}
    assert set(totals(_hand_made())) >= {("acme", "surfside"), ("autre", "facebook")}


def test_names_and_periods_are_keys() -> None:
    found = Truth(_hand_made()).by("campaign", "week_start", "month_start", client_id="acme")
    assert set(found) == {
        ("Always On", date(2025, 6, 9), date(2025, 6, 1)),  # both days: the 15th is a Sunday
    }
    assert normal_name(" Cafe\u0301\t\n Bar ") == "Café Bar"


def test_rounding_is_half_up_away_from_zero() -> None:
    assert round_half_up(Decimal("2.345"), 2) == Decimal("2.35")
    assert round_half_up(Decimal("-2.345"), 2) == Decimal("-2.35")
    assert round_half_up(None, 2) is None
    assert rounded("ctr", Decimal("0.1234565")) == Decimal("0.123457")
    assert rounded("impressions", Decimal("7.000")) == 7


def _as_sums(truth: Mapping[tuple[str | date, ...], Totals]) -> Sums:
    return {
        key: (
            Decimal(found.impressions),
            Decimal(found.clicks or 0),
            Decimal(found.conversions or 0),
            found.conversion_revenue or Decimal(0),
            found.reported_spend,
        )
        for key, found in truth.items()
    }


def _true_sums(plan: MediaPlan, client: Client, source: Source) -> Sums:
    path = ("date", "campaign", "strategy", "placement", "creative")
    return _as_sums(Truth(plan).by(*path, client_id=client.client_id, source=source))


def test_surfside_objects_read_back_newest_first_are_the_truth(plan: MediaPlan) -> None:
    with s3.s3_server() as endpoint:
        client = s3.s3_client(endpoint)
        keys = surfside.write_world(plan, client, "reports", root="media/")
        assert len(keys) == 3 * 33
        assert {key.rsplit(".")[-1] for key in keys} == {"csv", "xlsx"}
        for one in plan.clients:
            listed = client.list_objects_v2(Bucket="reports", Prefix=f"media/{one.surfside_prefix}/")["Contents"]
            winning: dict[date, list[Line]] = {}
            for entry in sorted(listed, key=lambda item: item["LastModified"]):
                data = client.get_object(Bucket="reports", Key=entry["Key"])["Body"].read()
                lines = list(surfside_lines(data, one.surfside_campaign))
                days = {line.date for line in lines}
                assert len(days) <= 3
                winning |= {day: [line for line in lines if line.date == day] for day in days}
            assert summed(line for lines in winning.values() for line in lines) == _true_sums(plan, one, "surfside")


def test_facebook_exports_read_back_newest_first_are_the_truth(plan: MediaPlan) -> None:
    for one in plan.clients:
        winning: dict[date, list[Line]] = {}
        restated = 0
        for export in sorted(facebook.exports(plan, one), key=lambda item: item.as_of):
            lines = list(facebook_lines(export.data))
            for day in sorted({line.date for line in lines}):
                rows = [line for line in lines if line.date == day]
                restated += day in winning and summed(winning[day]) != summed(rows)
                winning[day] = rows
        assert restated == 2  # the last day of each export but the newest
        assert summed(line for lines in winning.values() for line in lines) == _true_sums(plan, one, "facebook")


def test_vibe_reports_read_back_are_the_truth(plan: MediaPlan) -> None:
    for one in plan.clients:
        data = report_csv(plan, one, plan.first_day, plan.today, seen_on=plan.today)
        assert summed(vibe_lines(data)) == _true_sums(plan, one, "vibe")
