"""What browsers are told about every answer: guess no types, show it in no foreign frame, pass no address on, and load
pictures from nowhere but here and the hosts that previews of creatives may come from.
"""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warehouse.clients import creative_previews
from warehouse.errors import PaidMediaError
from warehouse.settings import get_settings

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def content_security_policy(preview_hosts: Sequence[str]) -> str:
    """The policy; Streamlit itself draws pictures from `data:` and `blob:`."""
    seen = " ".join(("'self'", "data:", "blob:", *(f"https://{host}" for host in preview_hosts)))
    return f"frame-ancestors 'self'; img-src {seen}; media-src {seen}"


class SecurityHeaders:
    """Adds the headers to every HTTP answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = HEADERS | {"Content-Security-Policy": content_security_policy(_preview_hosts())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the answer gets the headers at its start."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, told if scope["type"] == "http" else send)


def _preview_hosts() -> tuple[str, ...]:
    """None where the settings cannot be used: the pages say so, and no preview is shown."""
    try:
        return creative_previews.hosts(get_settings())
    except PaidMediaError:
        return ()
