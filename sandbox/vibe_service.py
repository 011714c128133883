"""The rules of the Vibe reporting API without HTTP: keys, budgets, reports and their life, scripted faults.

request → next scripted fault, if any → key → limits → report → `Reply`. Time comes from an injectable clock (Unix
seconds), so a test can let an hour pass. What a report contains belongs in `vibe_report.py`, sockets in `vibe_api.py`.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import RLock
from typing import Literal
from uuid import uuid4

from sandbox import vibe_report
from sandbox.plan import Client, MediaPlan

CREATES_PER_HOUR = 15
HOUR = 3600.0
MAX_DAYS = 45
MIN_POLL_SECONDS = 10.0
DEFAULT_KEY = "sandbox-vibe-key"
_JITTER = 0.02  # two clocks and a network between a client's ten seconds and ours

Step = Literal["create", "status", "download"]
ReportSource = bytes | Callable[[date, date], bytes]


@dataclass(frozen=True, slots=True)
class Fault:
    """One scripted misbehaviour. Made by the class methods; `kind` says how the answer is spoilt."""

    kind: Literal["reply", "limit", "truncated", "cut", "drop", "slow", "stuck", "report_error", "expired"]
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    seconds: float = 0.0

    @classmethod
    def reply(
        cls, status: int, body: str = '{"message": "scripted fault"}', content_type: str = "application/json"
    ) -> "Fault":
        """Any step: this answer, for example 500 or 503."""
        return cls("reply", status=status, body=body.encode(), content_type=content_type)

    @classmethod
    def html(cls, status: int = 200) -> "Fault":
        """Any step: a web page instead of JSON or CSV, as a proxy sends."""
        return cls.reply(status, "<!DOCTYPE html><html><body>We will be back soon.</body></html>", "text/html")

    @classmethod
    def limit(cls, retry_after: float = 1.0) -> "Fault":
        """Any step: 429 with the rate-limit headers, free again after that many seconds."""
        return cls("limit", status=429, seconds=retry_after)

    @classmethod
    def truncated(cls) -> "Fault":
        """Any step: half of the body promised by Content-Length, then the connection ends."""
        return cls("truncated")

    @classmethod
    def cut(cls) -> "Fault":
        """Download: a body that ends in the middle of a row, with a Content-Length that agrees."""
        return cls("cut")

    @classmethod
    def drop(cls) -> "Fault":
        """Any step: the connection ends without an answer."""
        return cls("drop")

    @classmethod
    def slow(cls, seconds: float) -> "Fault":
        """Any step: the right answer, that many (real) seconds late."""
        return cls("slow", seconds=seconds)

    @classmethod
    def stuck(cls) -> "Fault":
        """Create: the report stays `processing` for ever."""
        return cls("stuck")

    @classmethod
    def report_error(cls) -> "Fault":
        """Create: the report ends in the status `error`."""
        return cls("report_error")

    @classmethod
    def expired(cls) -> "Fault":
        """Download: 403, as if the URL had expired; the next poll gives a fresh one."""
        return cls("expired")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; `fault` spoils the way it is sent (truncated, drop, slow)."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None


@dataclass(slots=True)
class Report:
    """A created report: what was asked (`end_date` exclusive), when (Unix seconds), and its content."""

    report_id: str
    api_key: str
    advertiser_id: str
    start_date: date
    end_date: date
    requested_at: float
    request: Mapping[str, object]
    data: bytes
    fate: Literal["done", "stuck", "report_error"] = "done"
    last_poll: float | None = None
    urls: dict[str, float] = field(default_factory=dict)  # signature → the time at which it expires


class VibeService:
    """One API with its accounts. `creates` lists every accepted create, oldest first; `today` may be moved by a test.

    `plan` serves its clients' advertisers, `reports` any further ones: bytes (cut to the asked days) or a callable of
    (start, end exclusive). `accounts` maps an API key to its advertisers (default: each client's own key, and
    DEFAULT_KEY for `reports`). `origin` is set by the server and begins download URLs.
    """

    def __init__(
        self,
        plan: MediaPlan | None = None,
        *,
        reports: Mapping[str, ReportSource] | None = None,
        accounts: Mapping[str, Collection[str]] | None = None,
        today: date | None = None,
        clock: Callable[[], float] = time.time,
        creates_per_hour: int = CREATES_PER_HOUR,
        min_poll_seconds: float = MIN_POLL_SECONDS,
        ready_after_seconds: float = 1.0,
        url_ttl_seconds: float = HOUR,
        reset_at: Literal["unix", "iso"] = "unix",
        upper_case_status: bool = False,
    ) -> None:
        self.plan = plan
        self.reports = dict(reports or {})
        self.accounts = dict(accounts) if accounts is not None else self._default_accounts()
        self.today = today or (plan.today if plan else None)
        self.creates: list[Report] = []
        self.polls = 0
        self.downloads = 0
        self.origin = ""
        self._clock = clock
        self._creates_per_hour = creates_per_hour
        self._min_poll_seconds = min_poll_seconds
        self._ready_after_seconds = ready_after_seconds
        self._url_ttl_seconds = url_ttl_seconds
        self._reset_at = reset_at
        self._upper_case_status = upper_case_status
        self._budgets: dict[str, deque[float]] = {}
        self._faults: dict[Step, deque[Fault]] = {"create": deque(), "status": deque(), "download": deque()}
        self._lock = RLock()

    def fail_next(self, step: Step, fault: Fault, times: int = 1) -> None:
        """Spoil the next `times` answers of that step, after those already scripted."""
        self._faults[step].extend([fault] * times)

    def create(self, api_key: str | None, request: object) -> Reply:
        """Accept or refuse a report request (the parsed JSON body)."""
        with self._lock:
            fault = self._next_fault("create")
            if fault and (spoilt := self._instead(fault)):
                return spoilt
            if api_key not in self.accounts:
                return _message(403, "Invalid or missing API key")
            assert api_key is not None
            budget = self._budget(api_key)
            if len(budget) >= self._creates_per_hour:
                return self._too_many(budget[0] + HOUR - self._clock(), "Rate limit of report creations exceeded")
            budget.append(self._clock())
            try:
                report = self._report(api_key, request)
            except PermissionError as error:
                return _message(403, str(error), self._limit_headers(api_key))
            except ValueError as error:
                return _message(400, str(error), self._limit_headers(api_key))
            if fault and fault.kind in ("stuck", "report_error"):
                report.fate = "stuck" if fault.kind == "stuck" else "report_error"
            self.creates.append(report)
            return _json(200, {"report_id": report.report_id}, self._limit_headers(api_key), fault)

    def status(self, api_key: str | None, report_id: str) -> Reply:
        """Answer a poll; a finished report comes with a fresh presigned URL."""
        with self._lock:
            self.polls += 1
            fault = self._next_fault("status")
            if fault and (spoilt := self._instead(fault)):
                return spoilt
            if api_key not in self.accounts:
                return _message(403, "Invalid or missing API key")
            report = self._find(report_id)
            if report is None or report.api_key != api_key:
                return _message(404, f"Report {report_id} not found")
            now = self._clock()
            if report.last_poll is not None and now - report.last_poll < self._min_poll_seconds - _JITTER:
                wait = report.last_poll + self._min_poll_seconds - now
                return self._too_many(wait, f"Poll a report at most once per {self._min_poll_seconds:g} seconds")
            report.last_poll = now
            return _json(200, self._status_of(report, now), {}, fault)

    def download(self, report_id: str, signature: str) -> Reply:
        """The CSV behind a presigned URL; 403 when it is unknown or expired."""
        with self._lock:
            self.downloads += 1
            fault = self._next_fault("download")
            report = self._find(report_id)
            if fault and fault.kind == "expired" and report is not None:
                report.urls.pop(signature, None)
            elif fault and (spoilt := self._instead(fault)):
                return spoilt
            if report is None or report.urls.get(signature, 0.0) <= self._clock():
                return Reply(403, _xml("AccessDenied", "Request has expired"), "application/xml")
            cut = fault is not None and fault.kind == "cut"
            # One byte off two thirds of the way is inside a row, not at its end.
            body = report.data[: len(report.data) * 2 // 3].rstrip(b"\n")[:-1] if cut else report.data
            return Reply(200, body, "text/csv", fault=fault)

    def _default_accounts(self) -> dict[str, Collection[str]]:
        accounts: dict[str, Collection[str]] = {}
        for client in self.plan.clients if self.plan else ():
            accounts[client.api_key] = {client.advertiser_id}
        if self.reports:
            accounts[DEFAULT_KEY] = set(self.reports)
        return accounts

    def _next_fault(self, step: Step) -> Fault | None:
        return self._faults[step].popleft() if self._faults[step] else None

    def _instead(self, fault: Fault) -> Reply | None:
        """The reply that replaces the right one, or None when the fault only spoils it."""
        if fault.kind == "reply":
            return Reply(fault.status, fault.body, fault.content_type)
        if fault.kind == "limit":
            return self._too_many(fault.seconds, "Too many requests")
        return Reply(200, fault=fault) if fault.kind == "drop" else None

    def _find(self, report_id: str) -> Report | None:
        return next((report for report in self.creates if report.report_id == report_id), None)

    def _budget(self, api_key: str) -> deque[float]:
        """The account's creates of the last 3,600 s, oldest first."""
        budget = self._budgets.setdefault(api_key, deque())
        while budget and budget[0] <= self._clock() - HOUR:
            budget.popleft()
        return budget

    def _limit_headers(self, api_key: str) -> dict[str, str]:
        budget = self._budget(api_key)
        return {
            "x-rate-limit": str(self._creates_per_hour),
            "x-rate-limit-left": str(self._creates_per_hour - len(budget)),
            "x-rate-limit-reset-at": self._moment(budget[0] + HOUR if budget else self._clock()),
        }

    def _too_many(self, wait: float, message: str) -> Reply:
        headers = {
            "x-rate-limit": str(self._creates_per_hour),
            "x-rate-limit-left": "0",
            "x-rate-limit-reset-at": self._moment(self._clock() + wait),
            "x-rate-limit-retry-after": f"{max(wait, 0.0):.3f}".rstrip("0").rstrip("."),
        }
        return _message(429, message, headers)

    def _moment(self, seconds: float) -> str:
        if self._reset_at == "unix":
            return str(int(-(-seconds // 1)))  # rounded up: never earlier than the limit allows
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

    def _report(self, api_key: str, request: object) -> Report:
        """The report asked for. Raises PermissionError for a foreign advertiser, ValueError for a bad request."""
        if not isinstance(request, dict):
            raise ValueError("The body must be a JSON object")
        advertiser_id = str(request.get("advertiser_id", ""))
        if advertiser_id not in self.accounts[api_key]:
            raise PermissionError(f"Advertiser {advertiser_id!r} does not belong to this API key")
        start, end = _day(request, "start_date"), _day(request, "end_date")
        if not start < end:
            raise ValueError("end_date is exclusive and must be after start_date")
        if (end - start).days > MAX_DAYS:
            raise ValueError(f"The date range must not exceed {MAX_DAYS} days")
        if request.get("granularity", "day") != "day" or request.get("format", "csv") != "csv":
            raise ValueError("This sandbox serves granularity 'day' and format 'csv' only")
        metrics = _names(request, "metrics", vibe_report.METRICS)
        if not metrics:
            raise ValueError("metrics must name at least one metric")
        dimensions = _names(request, "dimensions", (vibe_report.DATE_COLUMN, *vibe_report.DIMENSIONS))
        return Report(
            report_id=str(uuid4()),
            api_key=api_key,
            advertiser_id=advertiser_id,
            start_date=start,
            end_date=end,
            requested_at=self._clock(),
            request=request,
            data=self._content(advertiser_id, start, end, dimensions, metrics),
        )

    def _content(self, advertiser_id: str, start: date, end: date, dimensions: list[str], metrics: list[str]) -> bytes:
        if advertiser_id in self.reports:
            source = self.reports[advertiser_id]
            return source(start, end) if callable(source) else vibe_report.cut_report(source, start, end)
        if self.plan is None or self.today is None:
            raise PermissionError(f"Advertiser {advertiser_id!r} has no reports")
        client: Client = next(found for found in self.plan.clients if found.advertiser_id == advertiser_id)
        return vibe_report.report_csv(
            self.plan, client, start, end, seen_on=self.today, dimensions=dimensions, metrics=metrics
        )

    def _status_of(self, report: Report, now: float) -> dict[str, str | None]:
        age = now - report.requested_at
        status = "created" if age < self._ready_after_seconds / 2 else "processing"
        if age >= self._ready_after_seconds and report.fate != "stuck":
            status = "error" if report.fate == "report_error" else "done"
        url, expires = None, None
        if status == "done":
            signature, expires_at = uuid4().hex, now + self._url_ttl_seconds
            report.urls[signature] = expires_at
            url = (
                f"{self.origin}/downloads/{report.report_id}.csv"
                f"?X-Amz-Expires={self._url_ttl_seconds:g}&X-Amz-Signature={signature}"
            )
            expires = datetime.fromtimestamp(expires_at, UTC).isoformat()
        shown = status.upper() if self._upper_case_status else status
        return {"report_id": report.report_id, "status": shown, "download_url": url, "url_expiration_time": expires}


def _json(status: int, body: object, headers: Mapping[str, str], fault: Fault | None = None) -> Reply:
    return Reply(status, json.dumps(body).encode(), headers=headers, fault=fault)


def _message(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    return _json(status, {"message": message}, headers or {})


def _xml(code: str, message: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def _day(request: Mapping[str, object], name: str) -> date:
    try:
        return date.fromisoformat(str(request.get(name)))
    except ValueError as error:
        raise ValueError(f"{name} must be a date like 2025-01-31") from error


def _names(request: Mapping[str, object], name: str, known: Collection[str]) -> list[str]:
    names = request.get(name) or []
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise ValueError(f"{name} must be a list of names")
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"Unknown {name}: {', '.join(unknown)}")
    return names
