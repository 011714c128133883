"""The HTML that a page begins with: Streamlit's own, and in it where the server is.

Else Streamlit's frontend looks for its server, first below the page's own address, and then asks it how it is set up,
before it opens the connection that the page comes by. Both answers are always the same here.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

INDEX = Path(streamlit.__file__).with_name("static") / "index.html"
HEAD = "<head>"
# Names of Streamlit's frontend, for those who embed it. Only this site may send a page messages.
SET_UP = """
    <script>
      window.__streamlit = {
        BACKEND_BASE_URL: location.origin,
        HOST_CONFIG: {allowedOrigins: [location.origin], useExternalAuthToken: false},
      }
    </script>"""


@cache
def html() -> str:
    """Streamlit's page, set up. One without a head, of a later Streamlit, is left as it is: it looks for its server."""
    return INDEX.read_text(encoding="utf-8").replace(HEAD, HEAD + SET_UP, 1)


def routes(pages: Sequence[str]) -> tuple[Route, ...]:
    """The addresses of pages; what else Streamlit serves is none of ours."""
    return tuple(Route(f"/{page}", _answer, methods=["GET"]) for page in pages)


def _answer(_request: Request) -> Response:
    return HTMLResponse(html(), headers={"Cache-Control": "no-cache"})
