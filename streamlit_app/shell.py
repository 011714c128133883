"""The HTML that a page begins with: Streamlit's own, and in it where the server is.

Else Streamlit's frontend looks for it below the page's own address first, and then waits before it looks at the root:
a tenth of a second of every page but the first.
"""

from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

INDEX = Path(streamlit.__file__).with_name("static") / "index.html"
HEAD = "<head>"
# The name is one of Streamlit's frontend, for those who serve it from elsewhere.
WHERE = "<script>window.__streamlit = {BACKEND_BASE_URL: location.origin}</script>"


@cache
def html() -> str:
    """Streamlit's page, told. One without a head, of a later Streamlit, is left as it is, and looks for its server."""
    return INDEX.read_text(encoding="utf-8").replace(HEAD, f"{HEAD}\n    {WHERE}", 1)


def routes(first: str, *others: str) -> tuple[Route, ...]:
    """The addresses of pages: the first one leads to the root, which is Streamlit's own, with what the address says."""
    return (
        Route(f"/{first}", _to_the_root, methods=["GET"]),
        *(Route(f"/{page}", _page, methods=["GET"]) for page in others),
    )


def _page(_request: Request) -> Response:
    return HTMLResponse(html(), headers={"Cache-Control": "no-cache"})


def _to_the_root(request: Request) -> Response:
    said = request.url.query
    return RedirectResponse(f"./?{said}" if said else "./")
