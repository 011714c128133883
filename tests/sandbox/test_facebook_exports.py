"""Facebook exports: both formats, overlap, and the traps that real files hold."""

from datetime import datetime, timedelta
from itertools import pairwise

from sandbox import facebook
from sandbox.plan import MediaPlan
from tests.sandbox.delivered import cells_of, number


def test_exports_cover_the_plan_overlap_and_follow_each_other(plan: MediaPlan) -> None:
    made = facebook.exports(plan, plan.clients[0])
    assert [export.filename.rsplit(".")[-1] for export in made] == ["xlsx", "csv", "xlsx"]
    assert (made[0].first_day, made[-1].last_day) == (plan.first_day, plan.last_day)
    for earlier, later in pairwise(made):
        assert earlier.last_day - later.first_day == timedelta(days=facebook.OVERLAP_DAYS - 1)
        assert earlier.as_of < later.as_of
        assert earlier.last_day < later.last_day
    assert made[-1].as_of == datetime.fromisoformat("2025-06-28T09:15:00+00:00")


def test_exports_are_the_same_bytes_every_time(plan: MediaPlan) -> None:
    again = MediaPlan.generate(seed=7, clients=3, days=33, last_day=plan.last_day)
    assert facebook.exports(plan, plan.clients[1]) == facebook.exports(again, again.clients[1])


def test_csv_exports_have_a_bom_crlf_line_breaks_inside_cells_and_emoji(plan: MediaPlan) -> None:
    data = facebook.exports(plan, plan.clients[0])[1].data
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in data
    rows = cells_of(data)
    assert any("\n" in str(row["Text"]) for row in rows)
    assert "✨" in data.decode("utf-8-sig")
    assert rows[0]["Campaign Name"] == ""  # the grand total
    assert any(row["Link clicks"] == "" for row in rows)


def test_a_client_without_purchases_exports_no_day_but_start_and_end_and_another_currency(plan: MediaPlan) -> None:
    client = plan.clients[2]
    rows = cells_of(facebook.exports(plan, client)[1].data)
    assert "Day" not in rows[0]
    assert "Amount spent (EUR)" in rows[0]
    assert all(row["Reporting starts"] == row["Reporting ends"] for row in rows)
    assert all(row["Campaign name"] for row in rows)


def test_names_arrive_in_both_unicode_forms(plan: MediaPlan) -> None:
    names = {str(row["Ad Set Name"]) for row in cells_of(facebook.exports(plan, plan.clients[0])[1].data)}
    assert {"Neighbourhood café guests", "Neighbourhood cafe\u0301 guests"} <= names


def test_a_short_plan_has_fewer_exports() -> None:
    plan = MediaPlan.generate(clients=1, days=2, last_day=datetime.fromisoformat("2025-06-27").date())
    assert [(e.first_day, e.last_day) for e in facebook.exports(plan, plan.clients[0])] == [
        (plan.first_day, plan.first_day),
        (plan.first_day, plan.last_day),
    ]


def test_the_total_of_the_first_export_is_planted_and_all_others_are_the_sums_of_their_rows(plan: MediaPlan) -> None:
    made = [export for client in plan.clients for export in facebook.exports(plan, client)]
    different, compared = [], 0
    for export in made:
        total, *rows = [{heading.lower(): cell for heading, cell in row.items()} for row in cells_of(export.data)]
        if not total["campaign name"]:
            summed = {"impressions", "link clicks", "purchases", "purchases conversion value"} & total.keys()
            summed |= {heading for heading in total if heading.startswith("amount spent")}
            if any(number(total[each]) != sum(number(row[each]) for row in rows) for each in summed):
                different.append(export.filename)
            compared += 1
    assert compared == len(made) - 1 == 8  # a CSV without purchases has no total
    assert different == [made[0].filename]
