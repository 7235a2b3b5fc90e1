"""What Prometheus reads: counts and durations by route template, never by path. One registry per application."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from api.queue import Places
from api.trace import Trace

BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics:
    """The counters of one process."""

    def __init__(self, places: Places) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.requests = Counter(
            "ardoise_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "ardoise_request_seconds",
            "Time to answer, waiting included.",
            ["method", "route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.refusals = Counter("ardoise_refusals", "Refusals and problems answered.", ["code"], registry=self.registry)
        self.hits = Counter(
            "ardoise_idempotency_hits", "Commands answered from their stored answer.", registry=self.registry
        )
        self.failures = Counter(
            "ardoise_failures", "Unexpected exceptions, by type.", ["error"], registry=self.registry
        )
        running = Gauge("ardoise_requests_running", "Requests being handled.", registry=self.registry)
        running.set_function(lambda: places.running)
        waiting = Gauge("ardoise_requests_waiting", "Requests waiting for a place.", registry=self.registry)
        waiting.set_function(lambda: places.waiting)

    def observe(self, method: str, route: str, status: int, seconds: float, trace: Trace) -> None:
        """Count one answered request."""
        known = method if method in METHODS else "other"
        self.requests.labels(known, route, str(status)).inc()
        self.seconds.labels(known, route).observe(seconds)
        if trace.code is not None:
            self.refusals.labels(trace.code).inc()
        if trace.hit:
            self.hits.inc()

    def render(self) -> bytes:
        """The text Prometheus scrapes."""
        return generate_latest(self.registry)
