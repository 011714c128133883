"""The Vibe reporting API over HTTP on 127.0.0.1, in its live form and in the older draft form.

Live, under `base_url`, with the key in X-API-KEY:
    POST /create_async_report · GET /get_report_status?report_id=
Draft, under `draft_base_url`, with the key as a Bearer token:
    POST /std/reports · GET /std/reports/{report_id}
Download URLs are presigned, and refuse a request that also carries a key, as S3 does.
The rules are in `vibe_service.py`.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.plan import MediaPlan
from sandbox.vibe_service import DEFAULT_KEY, Fault, Reply, Report, VibeService

LIVE_ROOT = "/rest/reporting/v1"
DRAFT_ROOT = "/reporting/v1"


class VibeApi(VibeService):
    """The service behind HTTP. Takes the options of `VibeService`; `start` and `stop` it, or use `vibe_api`."""

    def __init__(self, plan: MediaPlan | None = None, *, port: int = 0, **options: Any) -> None:
        super().__init__(plan, **options)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="sandbox-vibe", daemon=True)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.base_url = self.origin + LIVE_ROOT
        self.draft_base_url = self.origin + DRAFT_ROOT

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def vibe_api(plan: MediaPlan | None = None, *, port: int = 0, **options: Any) -> Iterator[VibeApi]:
    """Serve the API until the block ends; the options are those of `VibeService`."""
    api = VibeApi(plan, port=port, **options)
    api.start()
    try:
        yield api
    finally:
        api.stop()


def route(api: VibeService, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
    """The answer to one request; header names in lower case."""
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    key, bearer = headers.get("x-api-key"), _bearer(headers)
    if method == "GET" and parts.path.startswith("/downloads/"):
        if key or "authorization" in headers:
            return Reply(400, b"<Error><Code>InvalidArgument</Code></Error>", "application/xml")
        report_id = parts.path.removeprefix("/downloads/").removesuffix(".csv")
        return api.download(report_id, query.get("X-Amz-Signature", ""))
    asked = (method, parts.path)
    if asked == ("POST", f"{LIVE_ROOT}/create_async_report"):
        return api.create(key, _parsed(body))
    if asked == ("GET", f"{LIVE_ROOT}/get_report_status"):
        return api.status(key, query.get("report_id", ""))
    if asked == ("POST", f"{DRAFT_ROOT}/std/reports"):
        return api.create(bearer, _parsed(body))
    if method == "GET" and parts.path.startswith(f"{DRAFT_ROOT}/std/reports/"):
        return api.status(bearer, parts.path.removeprefix(f"{DRAFT_ROOT}/std/reports/"))
    return Reply(404, json.dumps({"message": f"No such resource: {method} {parts.path}"}).encode())


def _bearer(headers: dict[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _parsed(body: bytes) -> object:
    """The JSON of a body, None when it is none (which the service refuses as a bad request)."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _handler_of(api: VibeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def log_message(self, *_: object) -> None:
            """Keep the console for the user's own program."""

        def _answer(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = route(api, self.command, self.path, headers, body)
            kind = reply.fault.kind if reply.fault else None
            if kind == "drop":
                self.close_connection = True
                return
            if reply.fault and kind == "slow":
                time.sleep(reply.fault.seconds)
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if kind == "truncated":
                self.close_connection = True
                self.wfile.write(reply.body[: len(reply.body) // 2])
            else:
                self.wfile.write(reply.body)

    return Handler


__all__ = ["DEFAULT_KEY", "Fault", "Report", "VibeApi", "VibeService", "route", "vibe_api"]
