"""What the switch saw: requests, errors and latency of each colour, counted as they pass."""

from collections import deque
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LABELS = ("service", "environment", "colour", "version")
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
REMEMBERED = 2000  # latencies kept for percentiles; the histogram keeps all of them, in buckets


class Meters:
    """The Prometheus side: one registry for the host, read at `/metrics`."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "demo_switch_requests", "Requests answered", (*LABELS, "code"), registry=self._registry
        )
        self.seconds = Histogram(
            "demo_switch_request_seconds", "Time to answer", LABELS, buckets=BUCKETS, registry=self._registry
        )
        self.live = Gauge(
            "demo_switch_live", "1 for the colour that gets traffic", LABELS, registry=self._registry
        )

    def text(self) -> bytes:
        return generate_latest(self._registry)


class Meter:
    """Counts of one release on one colour, from its start."""

    def __init__(self, meters: Meters, *, service: str, environment: str, colour: str, version: str) -> None:
        self._meters = meters
        self._labels = (service, environment, colour, version)
        self.requests = 0
        self.errors = 0
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)

    def count(self, *, status: int, seconds: float) -> None:
        """A server error counts as an error; a 4xx is the caller's and does not."""
        self.requests += 1
        self.errors += status >= 500
        self._seconds.append(seconds)
        self._meters.requests.labels(*self._labels, str(status)).inc()
        self._meters.seconds.labels(*self._labels).observe(seconds)

    def live(self, yes: bool) -> None:
        self._meters.live.labels(*self._labels).set(int(yes))

    def summary(self) -> dict[str, Any]:
        """Without requests there is no rate: null, never zero."""
        ordered = sorted(self._seconds)
        return {
            "requests": self.requests,
            "errors": self.errors,
            "error_rate": self.errors / self.requests if self.requests else None,
            "latency_p50_ms": _at(ordered, 0.50),
            "latency_p95_ms": _at(ordered, 0.95),
        }


def _at(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2) if ordered else None
