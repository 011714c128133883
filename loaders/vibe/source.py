"""The Vibe reporting API: create a report, ask how it is, download it. One HTTP exchange per method call and retry.

Transient trouble (429, 5xx, time-outs, broken transfers, web pages instead of data) is retried with backoff; anything
else fails at once with the API's own message.
"""

import csv
import io
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from loaders.errors import LoadFailed
from loaders.results import Progress
from loaders.vibe.clock import Clock
from loaders.vibe.columns import DIMENSIONS, METRICS
from warehouse.credentials import VibeAccount
from warehouse.settings import Settings

MAX_DAYS = 45
ATTEMPTS = 6
LONGEST_WAIT = 3_700.0  # a rate limit of the API is over after an hour
MAX_REPORT_SIZE = 500 * 2**20
DONE = frozenset(("done", "completed"))
BROKEN = frozenset(("error", "failed"))
Answer = TypeVar("Answer")


class Trouble(LoadFailed):
    """The API is to blame: the breaker counts it."""

    def __init__(self, what: str, *, where: str | None = None, fix: str = "load again later") -> None:
        super().__init__(what, where=where, fix=fix)


class Transient(Trouble):
    """Trouble that may pass: it is retried."""


class RateLimited(LoadFailed):
    """The API asks to wait, `retry_after` seconds where it says how long: it is retried."""

    def __init__(self, where: str, retry_after: float | None) -> None:
        super().__init__("Vibe's rate limit is used up", where=where, fix="load again later")
        self.retry_after = retry_after


class BadContent(Transient):
    """The download ended, but is no whole report."""


class Expired(Trouble):
    """The download address is no longer valid; a poll gives a fresh one."""


class Refusal(LoadFailed):
    """The API refuses the request and would refuse it again."""

    def __init__(self, status_code: int, what: str, *, where: str, fix: str) -> None:
        super().__init__(what, where=where, fix=fix)
        self.status_code = status_code


@dataclass(frozen=True)
class ReportStatus:
    """How a report is: `state` in lower case as the API says it, `url` once it can be downloaded."""

    state: str
    url: str | None = None
    message: str | None = None


class ReportApi:
    """One account at the API."""

    def __init__(self, settings: Settings, account: VibeAccount, client_id: str, clock: Clock, tell: Progress) -> None:
        self._settings, self._account, self._client_id = settings, account, client_id
        self._clock, self._tell = clock, tell
        self._http = httpx.Client(timeout=httpx.Timeout(60.0, connect=10.0), follow_redirects=True)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def create(self, first: date, last: date, before_each: Callable[[], None]) -> str:
        """Ask for a report of `first` to `last`, both included; its id. `before_each` runs before every attempt."""
        body = {
            "advertiser_id": self._account.advertiser_id,
            "start_date": first.isoformat(),
            "end_date": (last + timedelta(days=1)).isoformat(),  # the API excludes it
            "metrics": list(METRICS),
            "dimensions": list(DIMENSIONS),
            "granularity": "day",
            "format": "csv",
            "timezone": "UTC",
        }

        def attempt() -> str:
            before_each()
            answer = self._json("POST", self._settings.vibe_create_path, json=body)
            report_id = answer.get("report_id") or answer.get("id")
            if not report_id:
                raise Transient("Vibe accepted a report without naming it", where=str(answer)[:200])
            return str(report_id)

        return self._retried(attempt)

    def status(self, report_id: str) -> ReportStatus:
        """How a report is."""
        path = self._settings.vibe_status_path
        in_path = "{report_id}" in path
        query = {} if in_path else {"report_id": report_id}

        def attempt() -> ReportStatus:
            answer = self._json("GET", path.replace("{report_id}", report_id), params=query)
            message = answer.get("error") or answer.get("message") or answer.get("error_message")
            url = answer.get("download_url")
            return ReportStatus(str(answer.get("status", "")).casefold(), url, str(message) if message else None)

        return self._retried(attempt)

    def download(self, url: str) -> bytes:
        """The report's CSV, fetched without the key. Raises `Expired` for an address that is no longer valid.

        A body whose last line has no end may have lost its last digits: it has to come the same twice.
        """
        body = self._retried(lambda: self._download(url))
        while not body.endswith((b"\n", b"\r")):
            again = self._retried(lambda: self._download(url))
            if again == body:
                break
            body = max(body, again, key=len)
        return body

    def _download(self, url: str) -> bytes:
        response = self._send("GET", url, authorized=False)
        if response.status_code in (401, 403, 410):
            raise Expired("the download address of a Vibe report has expired", fix="load again")
        self._check(response, "downloading a report")
        return _whole_report(response)

    def _json(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        url = self._settings.vibe_api_base_url.rstrip("/") + "/" + path.lstrip("/")
        response = self._send(method, url, authorized=True, **options)
        self._check(response, f"{method} {path}")
        try:
            answer = response.json()
        except (ValueError, UnicodeDecodeError) as error:
            raise Transient("Vibe answered with something else than JSON", where=_snippet(response)) from error
        if not isinstance(answer, dict):
            raise Transient("Vibe answered with something else than an object", where=_snippet(response))
        return answer

    def _send(self, method: str, url: str, *, authorized: bool, **options: Any) -> httpx.Response:
        header, key = self._settings.vibe_auth_header, self._account.api_key
        value = f"Bearer {key}" if header.casefold() == "authorization" else key
        try:
            return self._http.request(method, url, headers={header: value} if authorized else {}, **options)
        except httpx.TimeoutException as error:
            raise Transient("Vibe did not answer in time", where=_host(url)) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Transient("Vibe cannot be reached", where=f"{_host(url)}: {error}") from error
        except (httpx.InvalidURL, httpx.HTTPError) as error:
            fix = "check VIBE_API_BASE_URL"
            raise LoadFailed("Vibe cannot be asked", where=str(error), fix=fix) from error

    def _check(self, response: httpx.Response, doing: str) -> None:
        code = response.status_code
        if code == 429:
            wait = retry_after(response.headers, self._clock.now())
            raise RateLimited(_snippet(response), wait)
        if code >= 500 or code == 408:
            raise Transient(f"Vibe answered {code}", where=f"{doing}: {_snippet(response)}")
        if code >= 400:
            fix = "check the account and the VIBE_* settings"
            if code in (401, 403):
                fix = f"paidmedia vibe-credentials set {self._client_id} --advertiser-id … --api-key …"
            what = f"Vibe refuses the request ({code})"
            raise Refusal(code, what, where=f"client {self._client_id}, {doing}: {_snippet(response)}", fix=fix)

    def _retried(self, attempt: Callable[[], Answer]) -> Answer:
        base = min(1.0, self._settings.vibe_poll_seconds)
        backoff = wait_exponential_jitter(initial=base, max=60.0, jitter=base)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, RateLimited) else None
            if asked is None:
                return backoff(state)
            # The API's clock and ours differ a little: a moment more saves a second refusal.
            return min(asked, LONGEST_WAIT) + 0.05

        def report(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            seconds = state.next_action.sleep if state.next_action else 0.0
            self._tell(f"{error}; trying again in {seconds:.0f} s")

        retrying = Retrying(
            retry=retry_if_exception_type((Transient, RateLimited)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait,
            sleep=self._clock.sleep,
            before_sleep=report,
            reraise=True,
        )
        return retrying(attempt)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the rate-limit headers: seconds, or a time as Unix seconds, milliseconds or ISO."""
    for name in ("x-rate-limit-retry-after", "retry-after"):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return max(seconds, 0.0)
    for name in ("x-rate-limit-reset-at", "x-rate-limit-reset"):
        value = headers.get(name)
        if value is None:
            continue
        number = _number(value)
        if number is not None:
            moment = number / 1000 if number > 1e11 else number
            return max(moment - now.timestamp(), 0.0)
        try:
            reset = datetime.fromisoformat(value.strip())
        except ValueError:
            continue
        reset = reset if reset.tzinfo else reset.replace(tzinfo=UTC)
        return max((reset - now).total_seconds(), 0.0)
    return None


def _whole_report(response: httpx.Response) -> bytes:
    """The body, if it is CSV down to its last cell."""
    body = response.content
    if len(body) > MAX_REPORT_SIZE:
        raise LoadFailed("a Vibe report is too large", where=f"{len(body) >> 20} MB", fix="load fewer days at once")
    start = body[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if not start:
        raise BadContent("Vibe's report is empty, without even a heading")
    if start.startswith((b"<", b"{")):
        raise BadContent("Vibe sent something else than CSV", where=_snippet(response))
    try:
        rows = csv.reader(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline=""), strict=True)
        width = len(next(rows, []))
        last = next(iter(deque((row for row in rows if row), maxlen=1)), None)
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadContent("Vibe's report is torn", where=str(error)[:120]) from error
    if last is not None and len(last) != width:
        raise BadContent("Vibe's report is torn", where=f"its last row has {len(last)} cells of {width}")
    return body


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None


def _snippet(response: httpx.Response) -> str:
    """What the API says: the message of a JSON body, else the beginning of the text."""
    try:
        answer = json.loads(response.text)
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        for name in ("message", "error", "detail", "title"):
            if answer.get(name):
                return str(answer[name])[:200]
    text = " ".join(response.text.split())
    return text[:200] or f"an empty answer, status {response.status_code}"


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return url
