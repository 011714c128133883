"""How long queries to the marts take, for Prometheus: counted in this process, told by whoever answers for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

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
