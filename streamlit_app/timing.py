"""How long the app's queries take, for Prometheus: counted in this process and told on `/metrics`.

Told to whoever is on the same network and asks directly; a proxy, which passes on what the world asks, is refused.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

# A page may take a second, and has several queries: what lies above is what somebody should look at.
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
REGISTRY = CollectorRegistry()
SECONDS = Histogram(
    "paidmedia_query_seconds", "How long the app's queries to the marts take.", buckets=BOUNDS, registry=REGISTRY
)
FAILURES = Counter("paidmedia_query_failures", "The app's queries that failed.", registry=REGISTRY)


@contextmanager
def timed() -> Iterator[None]:
    """Count what is asked inside."""
    began = time.perf_counter()
    with FAILURES.count_exceptions():
        yield
    SECONDS.observe(time.perf_counter() - began)


async def tell(request: Request) -> Response:
    """`GET /metrics`."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return Response(status_code=404)
    return PlainTextResponse(generate_latest(REGISTRY))


ROUTES = (Route("/metrics", tell, methods=["GET"]),)
