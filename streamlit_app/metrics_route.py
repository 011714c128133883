"""How long the app's queries take, told to Prometheus on `/metrics`.

Told to whoever is on the same network and asks directly; a proxy, which passes on what the world asks, is refused.
"""

from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from serving import timing


async def tell(request: Request) -> Response:
    """`GET /metrics`."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return Response(status_code=404)
    return PlainTextResponse(generate_latest(timing.REGISTRY))


ROUTES = (Route("/metrics", tell, methods=["GET"]),)
