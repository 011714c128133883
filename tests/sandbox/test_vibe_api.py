"""The Vibe API over HTTP: both forms, its limits, the life of a report, and the faults that tests can script."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.plan import MediaPlan
from sandbox.vibe_api import DEFAULT_KEY, Fault, VibeApi, vibe_api
from sandbox.vibe_report import DIMENSIONS, METRICS
from tests.sandbox.delivered import cells_of, vibe_lines


class Clock:
    """Unix seconds that only a test moves."""

    now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Caller:
    """A client of the API in the plan's first account."""

    api: VibeApi
    clock: Clock
    plan: MediaPlan
    http: httpx.Client

    @property
    def headers(self) -> dict[str, str]:
        return {"X-API-KEY": self.plan.clients[0].api_key}

    def create(self, **changes: Any) -> httpx.Response:
        body = {
            "advertiser_id": self.plan.clients[0].advertiser_id,
            "start_date": "2025-06-01",
            "end_date": "2025-06-08",
            "metrics": list(METRICS),
            "dimensions": list(DIMENSIONS),
            "granularity": "day",
            "format": "csv",
            "timezone": "UTC",
        }
        return self.http.post(f"{self.api.base_url}/create_async_report", json=body | changes, headers=self.headers)

    def status(self, report_id: str) -> httpx.Response:
        return self.http.get(
            f"{self.api.base_url}/get_report_status", params={"report_id": report_id}, headers=self.headers
        )

    def done(self, report_id: str) -> str:
        """The download URL once the report is ready."""
        self.clock.now += 10
        answer = self.status(report_id).json()
        assert answer["status"] == "done"
        return str(answer["download_url"])


@pytest.fixture
def caller(plan: MediaPlan) -> Iterator[Caller]:
    clock = Clock()
    with vibe_api(plan, clock=clock, url_ttl_seconds=60) as api, httpx.Client() as http:
        yield Caller(api, clock, plan, http)


def test_a_report_goes_from_created_to_processing_to_done(plan: MediaPlan) -> None:
    clock = Clock()
    with vibe_api(plan, clock=clock, ready_after_seconds=30) as api, httpx.Client() as http:
        caller = Caller(api, clock, plan, http)
        report_id = caller.create().json()["report_id"]
        seen = []
        for _ in range(4):
            seen.append(caller.status(report_id).json()["status"])
            clock.now += 10
        assert seen == ["created", "created", "processing", "done"]


def test_the_csv_has_46_columns_floats_commas_in_geo_and_excludes_the_end_date(caller: Caller) -> None:
    answer = caller.http.get(caller.done(caller.create().json()["report_id"]))
    rows = cells_of(answer.content)
    assert list(rows[0]) == ["impression_date", *DIMENSIONS, *METRICS]
    assert len(rows[0]) == 46
    assert {str(row["impression_date"]) for row in rows} == {f"2025-06-0{day}" for day in range(1, 8)}
    assert all("," in str(row[geo]) for row in rows for geo in ("geo_city", "geo_metro", "geo_zip"))
    assert all("." in str(row[metric]) for row in rows for metric in METRICS)


def test_fewer_dimensions_give_sums(caller: Caller) -> None:
    whole = vibe_lines(caller.http.get(caller.done(caller.create().json()["report_id"])).content)
    asked = caller.create(dimensions=["campaign_name"], metrics=["impressions", "cpm"])
    rows = cells_of(caller.http.get(caller.done(asked.json()["report_id"])).content)
    assert list(rows[0]) == ["impression_date", "campaign_name", "cpm", "impressions"]
    assert len(rows) == 14
    assert sum(float(str(row["impressions"])) for row in rows) == sum(line.measures[0] for line in whole)


def test_a_wrong_key_or_a_foreign_advertiser_is_403(caller: Caller) -> None:
    url = f"{caller.api.base_url}/create_async_report"
    assert caller.http.post(url, json={}, headers={"X-API-KEY": "wrong"}).status_code == 403
    assert caller.http.post(url, json={}).status_code == 403
    foreign = caller.create(advertiser_id=caller.plan.clients[1].advertiser_id)
    assert foreign.status_code == 403
    assert "does not belong" in foreign.json()["message"]
    report_id = caller.create().json()["report_id"]
    assert caller.http.get(f"{caller.api.base_url}/get_report_status?report_id={report_id}").status_code == 403


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"end_date": "2025-07-17"}, "45 days"),
        ({"end_date": "2025-06-01"}, "exclusive"),
        ({"start_date": "June"}, "start_date must be a date"),
        ({"metrics": []}, "at least one metric"),
        ({"metrics": ["clicks"]}, "Unknown metrics: clicks"),
        ({"dimensions": ["placement"]}, "Unknown dimensions: placement"),
        ({"granularity": "hour"}, "granularity"),
    ],
)
def test_a_bad_request_is_400_with_a_message(caller: Caller, change: dict[str, Any], message: str) -> None:
    answer = caller.create(**change)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert caller.api.creates == []


def test_45_days_are_allowed(caller: Caller) -> None:
    assert caller.create(end_date="2025-07-16").status_code == 200
    (report,) = caller.api.creates
    assert (report.start_date, report.end_date) == (date(2025, 6, 1), date(2025, 7, 16))


def test_the_sixteenth_create_of_any_rolling_hour_is_429(caller: Caller) -> None:
    start = caller.clock.now
    for number in range(15):
        answer = caller.create()
        assert answer.headers["x-rate-limit-left"] == str(14 - number)
        caller.clock.now += 60
    refused = caller.create()
    assert refused.status_code == 429
    assert refused.headers["x-rate-limit"] == "15"
    assert refused.headers["x-rate-limit-reset-at"] == str(int(start + 3600))
    assert float(refused.headers["x-rate-limit-retry-after"]) == start + 3600 - caller.clock.now
    caller.clock.now = start + 3600
    assert caller.create().status_code == 200
    assert caller.create().status_code == 429  # only the first create has left the hour


def test_reset_at_can_be_iso_and_the_budget_belongs_to_the_account(plan: MediaPlan) -> None:
    clock = Clock()
    everyone = {"shared-key": [client.advertiser_id for client in plan.clients]}
    with vibe_api(plan, clock=clock, creates_per_hour=2, reset_at="iso", accounts=everyone) as api:
        body = {"start_date": "2025-06-01", "end_date": "2025-06-02", "metrics": ["impressions"]}
        answers = [
            httpx.post(
                f"{api.base_url}/create_async_report",
                json=body | {"advertiser_id": client.advertiser_id},
                headers={"X-API-KEY": "shared-key"},
            )
            for client in plan.clients
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    reset = datetime.fromisoformat(answers[2].headers["x-rate-limit-reset-at"])
    assert reset == datetime.fromtimestamp(clock.now, UTC) + timedelta(hours=1)


def test_a_report_may_be_polled_once_in_ten_seconds(caller: Caller) -> None:
    first, second = (caller.create().json()["report_id"] for _ in range(2))
    assert caller.status(first).status_code == 200
    assert caller.status(second).status_code == 200  # the limit is per report
    caller.clock.now += 9
    early = caller.status(first)
    assert early.status_code == 429
    assert early.headers["x-rate-limit-retry-after"] == "1"
    caller.clock.now += 1
    assert caller.status(first).status_code == 200
    assert caller.status("unknown").status_code == 404


def test_a_download_url_expires_and_a_poll_gives_a_fresh_one(caller: Caller) -> None:
    report_id = caller.create().json()["report_id"]
    url = caller.done(report_id)
    assert caller.http.get(url).status_code == 200
    assert caller.http.get(url, headers=caller.headers).status_code == 400  # presigned: no key beside it
    caller.clock.now += 60
    expired = caller.http.get(url)
    assert expired.status_code == 403
    assert "Request has expired" in expired.text
    assert caller.http.get(caller.done(report_id)).status_code == 200
    assert len(caller.api.creates) == 1


def test_the_draft_form_takes_a_bearer_token_and_the_id_in_the_path(caller: Caller) -> None:
    client = caller.plan.clients[0]
    body = {"advertiser_id": client.advertiser_id, "start_date": "2025-06-01", "end_date": "2025-06-02"}
    body |= {"metrics": ["impressions"]}  # type: ignore[dict-item]
    bearer = {"Authorization": f"Bearer {client.api_key}"}
    url = f"{caller.api.draft_base_url}/std/reports"
    assert caller.http.post(url, json=body, headers=caller.headers).status_code == 403
    report_id = caller.http.post(url, json=body, headers=bearer).json()["report_id"]
    caller.clock.now += 10
    answer = caller.http.get(f"{url}/{report_id}", headers=bearer).json()
    assert answer["status"] == "done"
    assert caller.http.get(answer["download_url"]).text.startswith("impression_date,impressions\n")


def test_the_last_day_is_provisional_until_the_api_stands_on_a_later_day(caller: Caller) -> None:
    last = {"start_date": caller.plan.last_day.isoformat(), "end_date": caller.plan.today.isoformat()}
    first = caller.http.get(caller.done(caller.create(**last).json()["report_id"])).content
    caller.api.today = caller.plan.today + timedelta(days=1)
    second = caller.http.get(caller.done(caller.create(**last).json()["report_id"])).content
    assert first != second


def test_given_bytes_are_served_cut_to_the_range_and_unchanged_when_whole() -> None:
    report = b'date,geo,impressions\n2025-06-01,"1, A",4.0\n2025-06-02,"2, B",5.0\n'
    clock = Clock()
    reports = {"adv-1": report, "adv-2": lambda start, end: f"date,n\n{start},{end}\n".encode()}
    with vibe_api(reports=reports, clock=clock) as api, httpx.Client(headers={"X-API-KEY": DEFAULT_KEY}) as http:

        def fetch(advertiser: str, start: str, end: str) -> bytes:
            body = {"advertiser_id": advertiser, "start_date": start, "end_date": end, "metrics": ["impressions"]}
            report_id = http.post(f"{api.base_url}/create_async_report", json=body).json()["report_id"]
            clock.now += 10
            url = http.get(f"{api.base_url}/get_report_status", params={"report_id": report_id}).json()["download_url"]
            return httpx.get(url).content

        assert fetch("adv-1", "2025-06-01", "2025-06-03") == report
        assert fetch("adv-1", "2025-06-02", "2025-06-03") == b'date,geo,impressions\n2025-06-02,"2, B",5.0\n'
        assert fetch("adv-1", "2025-07-01", "2025-07-03") == b"date,geo,impressions\n"
        assert fetch("adv-2", "2025-06-01", "2025-06-03") == b"date,n\n2025-06-01,2025-06-03\n"


def test_scripted_replies_come_in_order_and_then_the_right_one(caller: Caller) -> None:
    caller.api.fail_next("create", Fault.reply(500), times=2)
    caller.api.fail_next("create", Fault.html(502))
    caller.api.fail_next("create", Fault.limit(retry_after=3))
    answers = [caller.create() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [500, 500, 502, 429, 200]
    assert answers[2].text.startswith("<!DOCTYPE html>")
    assert answers[3].headers["x-rate-limit-retry-after"] == "3"
    assert answers[4].headers["x-rate-limit-left"] == "14"  # a scripted fault costs no create


def test_a_report_can_be_stuck_or_end_in_error(caller: Caller) -> None:
    caller.api.fail_next("create", Fault.stuck())
    caller.api.fail_next("create", Fault.report_error())
    stuck, failed = (caller.create().json()["report_id"] for _ in range(2))
    caller.clock.now += 3000
    assert caller.status(stuck).json()["status"] == "processing"
    assert caller.status(failed).json()["status"] == "error"


def test_downloads_can_break_in_every_scripted_way(caller: Caller) -> None:
    report_id = caller.create().json()["report_id"]
    url = caller.done(report_id)
    whole = caller.http.get(url).content
    caller.api.fail_next("download", Fault.truncated())
    with pytest.raises(httpx.RemoteProtocolError):
        caller.http.get(url)
    caller.api.fail_next("download", Fault.drop())
    with pytest.raises(httpx.RemoteProtocolError):
        caller.http.get(url)
    caller.api.fail_next("download", Fault.slow(0.5))
    with pytest.raises(httpx.ReadTimeout):
        caller.http.get(url, timeout=0.1)
    caller.api.fail_next("download", Fault.cut())
    cut = caller.http.get(url).content
    assert whole.startswith(cut)
    assert not cut.endswith(b"\n")
    caller.api.fail_next("download", Fault.html())
    assert caller.http.get(url).headers["content-type"] == "text/html"
    caller.api.fail_next("download", Fault.expired())
    assert [caller.http.get(url).status_code for _ in range(2)] == [403, 403]  # that URL is dead
    assert caller.http.get(caller.done(report_id)).content == whole


def test_the_status_may_come_in_upper_case_and_unknown_paths_are_404(plan: MediaPlan) -> None:
    clock = Clock()
    with vibe_api(plan, clock=clock, upper_case_status=True) as api, httpx.Client() as http:
        caller = Caller(api, clock, plan, http)
        report_id = caller.create().json()["report_id"]
        clock.now += 10
        assert caller.status(report_id).json()["status"] == "DONE"
        assert http.get(f"{api.base_url}/nothing").status_code == 404
