"""A reporting API: create a report, ask how it is, download it. What goes wrong is named in `trouble.py`."""

import csv
import hashlib
import io
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

import httpx

from loaders.errors import SourceUnreachable
from loaders.results import Progress
from loaders.source import ReportApi, Setting, Source, value_of
from loaders.transports.report_api.clock import Clock
from loaders.transports.report_api.trouble import (
    BadContent,
    Expired,
    RateLimited,
    Refusal,
    Retries,
    TooLarge,
    Transient,
    Unreachable,
    Unsent,
    retry_after,
)
from warehouse.clients.credentials import VibeAccount
from warehouse.settings import Settings

MAX_DAYS = 45
# A report lies in memory while it is read. This is thirteen days of 50,000 rows: a daily load fits several times, and
# a backfill of so large a client is asked for in parts.
MAX_REPORT_SIZE = 200 * 2**20
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
SAME_TWICE = 4  # downloads in which a body of an uncertain end has to come the same twice
DONE = frozenset(("done", "completed"))
BROKEN = frozenset(("error", "failed"))
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class ReportStatus:
    """How a report is: `state` in lower case as the API says it, `url` once it can be downloaded."""

    state: str
    url: str | None = None
    message: str | None = None


class ReportClient:
    """One account at a source's API. Every method raises `LoadFailed`, one of `trouble.py` where it is the API's."""

    def __init__(
        self, settings: Settings, source: Source, account: VibeAccount, client_id: str, clock: Clock, tell: Progress
    ) -> None:
        assert isinstance(source.transport, ReportApi)
        self._source, self._api, self._title = source, source.transport, source.title
        self._settings, self._account, self._client_id, self._clock = settings, account, client_id, clock
        self._retries = Retries(clock, tell, base=min(1.0, value_of(self._api.poll_seconds, settings)))
        self._http = httpx.Client(timeout=TIMEOUT)

    @property
    def _address_name(self) -> str:
        """What people know the API's address by."""
        address = self._api.base_url
        return address.setting if isinstance(address, Setting) else f"the address of {self._title}"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def create(self, attempt: Callable[[], Answer]) -> Answer:
        """Repeat an `attempt` at a new report, each with its own place in the budget, until one is taken."""
        return self._retries.run(attempt, is_create=True)

    def ask_for(self, first: date, last: date) -> str:
        """Ask once for a report of `first` to `last`, both included; its id."""
        body = {
            "advertiser_id": self._account.advertiser_id,
            "start_date": first.isoformat(),
            "end_date": (last + timedelta(days=1)).isoformat(),  # the API excludes it
            "metrics": list(self._api.metrics),
            "dimensions": list(self._api.dimensions),
            "granularity": "day",
            "format": "csv",
            "timezone": "UTC",
        }
        answer = self._json("POST", value_of(self._api.create_path, self._settings), json=body)
        report_id = answer.get("report_id") or answer.get("id")
        if not report_id:
            raise Transient(f"{self._title} accepted a report without naming it", where=str(answer)[:200])
        return str(report_id)

    def status(self, report_id: str) -> ReportStatus:
        """How a report is."""
        path = value_of(self._api.status_path, self._settings)
        query = {} if "{report_id}" in path else {"report_id": report_id}

        def attempt() -> ReportStatus:
            answer = self._json("GET", path.replace("{report_id}", report_id), params=query)
            message = answer.get("error") or answer.get("message") or answer.get("error_message")
            url = answer.get("download_url")
            return ReportStatus(str(answer.get("status", "")).casefold(), url, str(message) if message else None)

        return self._retries.run(attempt)

    def download(self, url: str) -> bytes:
        """The report's CSV, fetched without the key. Raises `Expired` for an address that is no longer valid.

        A body may be cut where nothing shows it: its last line has no end, or its length was neither announced nor
        marked. Such a one has to come the same twice. One whose announced length is wrong already at the API cannot be
        told from a whole one.
        """
        seen: set[bytes] = set()
        for _ in range(SAME_TWICE):
            body, has_certain_end = self._retries.run(lambda: self._download(url))
            digest = hashlib.sha256(body).digest()
            if has_certain_end or digest in seen:
                return body
            seen.add(digest)
        raise BadContent(f"{self._title}'s report is torn", where=f"{SAME_TWICE} downloads, each with another end")

    def _download(self, url: str) -> tuple[bytes, bool]:
        """The body, and whether its end is certain."""
        with self._sending(url), self._http.stream("GET", url, follow_redirects=True) as response:
            body = _read(response, self._title)
        if response.status_code in (401, 403, 410):
            raise Expired(f"the download address of a {self._title} report has expired", fix="load again")
        self._check(response, body, "downloading a report")
        _check_report(body, self._title)
        is_framed = "content-length" in response.headers or "chunked" in response.headers.get("transfer-encoding", "")
        return body, is_framed and body.endswith((b"\n", b"\r"))

    def _json(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        header, key = value_of(self._api.auth_header, self._settings), self._account.api_key
        value = f"Bearer {key}" if header.casefold() == "authorization" else key
        url = value_of(self._api.base_url, self._settings).rstrip("/") + "/" + path.lstrip("/")
        with self._sending(url):
            response = self._http.request(method, url, headers={header: value}, **options)
        self._check(response, response.content, f"{method} {path}")
        snippet = _snippet(response.content, response.status_code)
        try:
            answer = response.json()
        except (ValueError, UnicodeDecodeError) as error:
            raise Transient(f"{self._title} answered with something else than JSON", where=snippet) from error
        if not isinstance(answer, dict):
            raise Transient(f"{self._title} answered with something else than an object", where=snippet)
        return answer

    def _check(self, response: httpx.Response, body: bytes, doing: str) -> None:
        code = response.status_code
        if code < 300:
            return
        said = _snippet(body, code)
        if code == 429:
            raise RateLimited(self._title, said, retry_after(response.headers, self._clock.now()))
        if code >= 500 or code == 408:
            raise Transient(f"{self._title} answered {code}", where=f"{doing}: {said}")
        what = f"{self._title} refuses the request ({code})"
        fix = f"check the account and the {self._source.name.upper()}_* settings"
        if code in (401, 403):
            fix = self._source.set_up_for(self._client_id)
        if code < 400:  # the key goes to the configured address and nowhere else
            what, fix = f"{self._title} sends on to another address ({code})", f"set {self._address_name} to it"
            said = response.headers.get("location", said)
        raise Refusal(code, what, where=f"client {self._client_id}, {doing}: {said}", fix=fix)

    @contextmanager
    def _sending(self, url: str) -> Iterator[None]:
        """Name what went wrong on the way, and whether the request can have arrived."""
        host = _host(url)
        try:
            yield
        except NOT_SENT as error:
            raise Unreachable(f"{self._title} cannot be reached", where=f"{host}: {error}") from error
        except httpx.TimeoutException as error:
            raise Transient(f"{self._title} did not answer in time", where=host) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            fix = f"check {self._address_name}"
            raise Unsent(f"{self._title} cannot be asked", where=str(error), fix=fix) from error
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            fix = self._source.set_up_for(self._client_id)
            # The cause would show the key.
            raise Unsent(
                f"{self._title}'s key holds what a header cannot", where=f"client {self._client_id}", fix=fix
            ) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Transient(f"{self._title} broke the connection off", where=f"{host}: {error}") from error
        except httpx.HTTPError as error:
            raise SourceUnreachable(
                f"{self._title} cannot be asked", where=f"{host}: {error}", fix="load again later"
            ) from error


def _read(response: httpx.Response, title: str) -> bytes:
    """The body. Raises `TooLarge` before it is fetched where its length is announced, else on the way."""
    announced = int(response.headers.get("content-length", 0))
    if announced > MAX_REPORT_SIZE:
        raise TooLarge(title, announced, MAX_REPORT_SIZE)
    body = io.BytesIO()
    for part in response.iter_bytes():
        if body.write(part) and body.tell() > MAX_REPORT_SIZE:
            raise TooLarge(title, body.tell(), MAX_REPORT_SIZE)
    return body.getvalue()


def _check_report(body: bytes, title: str) -> None:
    """Raise `BadContent` unless the body is CSV down to its last cell."""
    start = body[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if not start:
        raise BadContent(f"{title}'s report is empty, without even a heading")
    if start.startswith((b"<", b"{")):
        raise BadContent(f"{title} sent something else than CSV", where=_snippet(body, 200))
    try:
        rows = csv.reader(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline=""), strict=True)
        width = len(next(rows, []))
        last = next(iter(deque((row for row in rows if row), maxlen=1)), None)
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadContent(f"{title}'s report is torn", where=str(error)[:120]) from error
    if last is not None and len(last) != width:
        raise BadContent(f"{title}'s report is torn", where=f"its last row has {len(last)} cells of {width}")


def _snippet(body: bytes, code: int) -> str:
    """What the API says: the message of a JSON body, else the beginning of the text."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        for name in ("message", "error", "detail", "title"):
            if answer.get(name):
                return str(answer[name])[:200]
    text = " ".join(body[:2_000].decode("utf-8", "replace").split())
    return text[:200] or f"an empty answer, status {code}"


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return url
