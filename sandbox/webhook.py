"""An HTTP endpoint that keeps what is posted to it, for alerts, counts who asks it, and can be slow and fail."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Webhook:
    """The endpoint's port, the JSON bodies that it took and the paths that it was asked for, oldest first.

    `status` answers, `seconds` late; one of 300 to 399 leads to another path.
    """

    port: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    status: int = 200
    seconds: float = 0.0

    @property
    def address(self) -> str:
        """The endpoint as an Apprise address, with a token that nobody else may learn."""
        return f"json://127.0.0.1:{self.port}/hooks/webhook-token-of-the-tests"

    @property
    def heartbeat(self) -> str:
        """The endpoint as an address that is asked, with a token that nobody else may learn."""
        return f"http://127.0.0.1:{self.port}/ping/heartbeat-token-of-the-tests"


@contextmanager
def webhook(port: int = 0) -> Iterator[Webhook]:
    """Take posts and questions on a port of 127.0.0.1, a free one if none is named, until the block ends."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = hook.status  # of now: a late answer is not that of a better day
            time.sleep(hook.seconds)
            if status < 300:
                hook.messages.append(json.loads(body))
            self.answer(status)

        def do_GET(self) -> None:
            status = hook.status
            hook.asked.append(self.path)
            time.sleep(hook.seconds)
            self.answer(status)

        def answer(self, status: int) -> None:
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, name="sandbox-webhook", daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
